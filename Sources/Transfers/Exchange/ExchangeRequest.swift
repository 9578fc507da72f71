package import Addresses

/// One network exchange to make: a single HTTP request over a fresh connection, with all that bounds it.
///
/// Nothing is taken from the environment: no proxy variables, no `.netrc`, no default trust bundle per request.
package struct ExchangeRequest: Sendable {
    /// As sent: `GET`, `POST`, `PROPFIND`.
    package struct Method: Sendable, Hashable {
        package var name: String

        package init(_ name: String) { self.name = name }

        /// Whether it is a word that can be sent: letters, digits and a few signs.
        package var isSendable: Bool {
            !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !#"()<>@,;:\"/[]?={}"#.utf8.contains($0) }
        }

        package static let get = Method("GET")
        package static let head = Method("HEAD")
        package static let post = Method("POST")
    }

    package enum Version: Sendable, Hashable {
        case http1_1
        /// HTTP/2 where the peer offers it in TLS, else HTTP/1.1.
        case http2
        /// HTTP/2 without asking, also in clear.
        case http2Only
    }

    /// What to do when the answer is a redirect (301, 302, 303, 307, 308 with a `Location`).
    package enum RedirectPolicy: Sendable, Hashable {
        /// Return the redirect itself as the response. The only choice for requests that bear a credential.
        case refuse
        /// Follow within the same scheme, host and port; a redirect elsewhere is returned as the response.
        case sameHost(maximum: Int)
        /// Follow wherever it leads. `Authorization`, `Cookie` and the like stay with the first host and its subdomains, and a POST becomes a
        /// GET where browsers make it one.
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
    /// Which address of the URL's host to connect to; hosts of redirects are looked up.
    package var pin: NetworkAddress?
    package var proxy: ProxyRoute?
    /// Looks names up and asks the policy also where a proxy would do it, and gives the proxy the address.
    package var resolvesForProxy = false
    /// Speak over this Unix socket instead of TCP; the URL's host is then only a name.
    package var unixSocket: String?
    package var redirects: RedirectPolicy = .refuse
    /// For everything together: resolve, connect, TLS, request, redirects and body.
    package var deadline: Duration
    package var bounds: Bounds = Bounds()
    package var tls: TLSSettings
    package var version: Version = .http1_1
    /// Encodings of the body to ask for and to undo: `gzip, deflate`; nil asks for none and undoes none.
    package var acceptedEncodings: String? = "gzip, deflate"
    /// Off, encodings are undone as the answer names them, but only what `headers` say is asked for.
    package var asksForEncodings = true
    /// Which of a name's addresses to connect to.
    package var family: FamilyPreference = .any
    /// Tries the further addresses of a name when one cannot be connected to. Off, the first one alone counts.
    package var triesEveryAddress = true
    /// Asked for each address before it is dialled, at redirects too.
    package var policy: AddressPolicy = .open
    /// Off, the answer's body is only counted.
    package var keepsBody = true
    /// Keeps cookies from one redirect to the next.
    package var keepsCookies = false

    package init(url: String, deadline: Duration, trust: TrustedRoots) {
        self.url = url
        self.deadline = deadline
        tls = TLSSettings(trust: trust)
    }
}

/// A forward proxy and the hosts that are reached without it.
package struct ProxyRoute: Sendable, Hashable {
    /// `http://proxy:3128`, with `user:password@` where the proxy wants that.
    package var url: EndpointURL
    /// Host names and domain suffixes (`fabrikam.com` also means `*.fabrikam.com`), addresses and ranges of them; `*` is every host.
    package var noProxy: [String]
    /// For the proxy alone, not for the server behind it.
    package var headers: [HeaderField]

    package init(url: EndpointURL, noProxy: [String] = [], headers: [HeaderField] = []) {
        self.url = url
        self.noProxy = noProxy
        self.headers = headers
    }

    /// Whether a host is reached through it.
    package func applies(to host: String) -> Bool {
        let host = host.lowercased()
        return !noProxy.contains { entry in
            let entry = entry.lowercased()
            if entry == "*" { return true }
            if let address = NetworkAddress(host) { return AddressRange(entry)?.contains(address) ?? false }
            let domain = entry.hasPrefix("*.") ? entry.dropFirst(2) : entry.hasPrefix(".") ? entry.dropFirst() : entry[...]
            return host == domain || host.hasSuffix("." + domain)
        }
    }
}

/// What an answer may not exceed. A peer that goes over is cut off at once.
package struct Bounds: Sendable, Hashable {
    /// Bytes of the body after decompression.
    package var body = 1 << 20
    /// Bytes of all header lines of one response together.
    package var headers = 64 << 10
    package init() {}
}
