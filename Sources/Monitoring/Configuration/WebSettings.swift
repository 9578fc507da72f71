/// What a web configuration file says, in exporter-toolkit's format, with the files that it names.
package struct WebSettings: Sendable, Hashable {
    package struct TLS: Sendable, Hashable {
        /// What is asked of clients, least first; the names are those of Go.
        package enum ClientAuthentication: String, Sendable, Hashable, CaseIterable {
            case none = "NoClientCert"
            case request = "RequestClientCert"
            case requireAny = "RequireAnyClientCert"
            case verifyIfGiven = "VerifyClientCertIfGiven"
            case requireAndVerify = "RequireAndVerifyClientCert"
        }

        package enum Version: String, Sendable, Hashable, CaseIterable, Comparable {
            case v1_0 = "TLS10"
            case v1_1 = "TLS11"
            case v1_2 = "TLS12"
            case v1_3 = "TLS13"

            package static func < (left: Version, right: Version) -> Bool { left.rawValue < right.rawValue }
        }

        package enum Curve: String, Sendable, Hashable, CaseIterable {
            case p256 = "CurveP256"
            case p384 = "CurveP384"
            case p521 = "CurveP521"
            case x25519 = "X25519"
        }

        /// PEM: the leaf, followed by its issuers.
        package var certificate: [UInt8]
        /// PEM.
        package var key: [UInt8]
        package var clientAuthentication = ClientAuthentication.none
        /// PEM; nil for the system's roots.
        package var clientRoots: [UInt8]?
        /// Subject alternative names, one of which a client's certificate must have; nil for any.
        package var allowedClientNames: [String]?
        package var minimum = Version.v1_2
        package var maximum = Version.v1_3
        /// IANA names; empty for the default ones. Those of TLS 1.3 are always offered.
        package var cipherSuites: [String] = []
        /// In order of preference; empty for the default ones.
        package var curves: [Curve] = []
        /// Whether a client may choose HTTP/2.
        package var offersHTTP2 = true

        package init(certificate: [UInt8], key: [UInt8]) {
            self.certificate = certificate
            self.key = key
        }
    }

    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package struct RateLimit: Sendable, Hashable {
        /// The time after which another request is allowed.
        package var interval: Duration
        /// How many requests may be made at once.
        package var burst: Int

        package init(interval: Duration, burst: Int) {
            self.interval = interval
            self.burst = burst
        }
    }

    /// The file.
    package let path: String
    /// Nil for plain HTTP.
    package var tls: TLS?
    /// Added to every response.
    package var headers: [Header] = []
    /// The bcrypt hash of each user's password; empty if nobody needs to log in.
    package var users: [String: String] = [:]
    package var rateLimit: RateLimit?
    /// Paths that need no login.
    package var openPaths: Set<String> = []

    package init(path: String) { self.path = path }
}
