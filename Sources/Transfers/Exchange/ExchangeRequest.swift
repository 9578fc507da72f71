package import FoundationEssentials

/// One network exchange to make: a single HTTP request over a fresh connection, with all that bounds it.
///
/// Nothing is taken from the environment: no proxy variables, no `.netrc`, no default trust bundle per request.
package struct ExchangeRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// What to do when the answer is a redirect (301, 302, 303, 307, 308 with a `Location`).
    package enum RedirectPolicy: Sendable, Hashable {
        /// Return the redirect itself as the response. The only choice for requests that bear a credential.
        case refuse
        /// Follow within the same scheme, host and port; a redirect elsewhere is returned as the response.
        case sameHost(maximum: Int)
        case follow(maximum: Int)
    }

    /// Absolute URL; scheme `http` or `https`. Its host is the name kept as SNI and `Host`, and the one the certificate must bear.
    package var url: String
    package var method: Method = .get
    /// In order; a name may stand several times. An empty value sends the header empty.
    package var headers: [HeaderField] = []
    package var body: [UInt8]?
    /// Where to connect instead of the URL's own host and port: `host:port`, `10.0.0.11:443`, `[::1]:443`.
    package var address: String?
    /// As curl's `--connect-to`: `host:port` of a URL to the `host:port` to connect to. `address` wins over it.
    package var connectTo: [String: String] = [:]
    package var proxy: ProxyRoute?
    /// Speak over this Unix socket instead of TCP; the URL's host is then only a name.
    package var unixSocket: String?
    package var redirects: RedirectPolicy = .refuse
    /// For everything together: resolve, connect, TLS, request, redirects and body.
    package var deadline: Duration
    package var bounds: Bounds = Bounds()
    package var trust: TrustStore
    package var minimumTLS: TLSVersion = .v1_2
    /// The date the peer's chain is verified at; nil is now.
    package var verificationDate: Date?

    package init(url: String, deadline: Duration, trust: TrustStore) {
        self.url = url
        self.deadline = deadline
        self.trust = trust
    }
}

package struct HeaderField: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A forward proxy and the hosts that are reached without it.
package struct ProxyRoute: Sendable, Hashable {
    /// `http://proxy:3128`
    package var url: String
    /// Host names and domain suffixes (`fabrikam.com` also means `*.fabrikam.com`).
    package var noProxy: [String]

    package init(url: String, noProxy: [String] = []) {
        self.url = url
        self.noProxy = noProxy
    }
}

package enum TLSVersion: String, Sendable, Hashable, CaseIterable {
    case v1_0 = "1.0"
    case v1_1 = "1.1"
    case v1_2 = "1.2"
    case v1_3 = "1.3"
}

/// What an answer may not exceed. A peer that goes over is cut off at once.
package struct Bounds: Sendable, Hashable {
    /// Bytes of the body after decompression.
    package var body = 1 << 20
    /// Bytes of all header lines of one response together.
    package var headers = 64 << 10
    /// Certificates in the presented chain.
    package var chain = 10

    package init() {}
}
