package import Addresses
import CCurl

/// One HTTP request over a new connection, with its redirects, limits and policies.
///
/// Nothing is taken from the environment: no proxy variables and no `.netrc`.
package struct ExchangeRequest: Sendable {
    /// A request method: `GET`, `POST`, `PROPFIND`.
    package struct Method: Sendable, Hashable {
        package var name: String

        package init(_ name: String) { self.name = name }

        /// Whether it is a valid HTTP token.
        package var isSendable: Bool {
            !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !#"()<>@,;:\"/[]?={}"#.utf8.contains($0) }
        }

        package static let get = Method("GET")
        package static let head = Method("HEAD")
        package static let post = Method("POST")
    }

    /// The HTTP version to use.
    package enum Version: Sendable, Hashable {
        case http1_1
        /// HTTP/2 if the peer offers it with TLS, else HTTP/1.1.
        case http2
        /// HTTP/2 only, without TLS by prior knowledge.
        case http2Only
        /// HTTP/3 only, which needs TLS. Check `isAvailable` first.
        case http3Only

        /// Whether the libcurl in use can speak it; only HTTP/3 may be missing.
        package var isAvailable: Bool { self != .http3Only || agent_has_http3() != 0 }
    }

    /// What to do with a redirect (301, 302, 303, 307, 308 with a `Location`).
    package enum RedirectPolicy: Sendable, Hashable {
        /// Return the redirect as the response. Must be used for requests with a token or assertion.
        case refuse
        /// Follow redirects to the same scheme, host and port; return any other redirect as the response.
        case sameHost(maximum: Int)
        /// Follow all redirects. `Authorization`, `Cookie` and the like are only sent to the first host and its subdomains, and a POST
        /// becomes a GET as in browsers.
        case follow(maximum: Int)
    }

    /// Absolute http or https URL. Its host is used for SNI and `Host`, and the certificate must be valid for it.
    package var url: String
    package var method: Method = .get
    /// In the order sent; a name may occur several times. An empty value sends an empty header.
    package var headers: [HeaderField] = []
    package var body: [UInt8]?
    /// Where to connect instead of the URL's host and port: `host:port`, `10.0.0.11:443`, `[::1]:443`.
    package var address: String?
    /// Maps the `host:port` of a URL to the `host:port` to connect to, like curl's `--connect-to`. `address` takes precedence.
    package var connectTo: [String: String] = [:]
    /// The address to connect to for the URL's host; other hosts of redirects are resolved.
    package var pin: NetworkAddress?
    package var proxy: ProxyRoute?
    /// The account to log in with, where the server asks for it; instead of an `Authorization` header.
    package var login: WindowsLogin?
    /// Whether names are resolved and checked against the policy also for proxied requests; the proxy then receives the address.
    package var resolvesForProxy = false
    /// The Unix socket to use instead of TCP; the URL's host is then only a name.
    package var unixSocket: String?
    package var redirects: RedirectPolicy = .refuse
    /// The time limit for everything: resolve, connect, TLS, request, redirects and body.
    package var deadline: Duration
    package var bounds: Bounds = Bounds()
    package var tls: TLSSettings
    package var version: Version = .http1_1
    /// Content codings to request and decode: `gzip, deflate`; nil neither requests nor decodes any.
    package var acceptedEncodings: String? = "gzip, deflate"
    /// If false, no Accept-Encoding is added to `headers`; the response is still decoded.
    package var asksForEncodings = true
    /// Which addresses of a name to connect to.
    package var family: FamilyPreference = .any
    /// Whether to try further addresses of a name if connecting to one fails; if false, only the first is tried.
    package var triesEveryAddress = true
    /// Checked for each address before connecting to it, including after redirects.
    package var policy: AddressPolicy = .open
    /// If false, the response body is only counted.
    package var keepsBody = true
    /// Whether cookies are kept across redirects.
    package var keepsCookies = false

    package init(url: String, deadline: Duration, trust: TrustedRoots) {
        self.url = url
        self.deadline = deadline
        tls = TLSSettings(trust: trust)
    }
}

/// A forward proxy, and the hosts that are reached without it.
package struct ProxyRoute: Sendable, Hashable {
    /// `http://proxy:3128`, with `user:password@` if the proxy requires authentication.
    package var url: EndpointURL
    /// Host names and domain suffixes (`fabrikam.com` includes `*.fabrikam.com`), addresses and address ranges; `*` means every host.
    package var noProxy: [String]
    /// Headers sent only to the proxy, not to the server.
    package var headers: [HeaderField]
    /// The account to log in to the proxy with, instead of a user in its URL.
    package var login: WindowsLogin?

    package init(url: EndpointURL, noProxy: [String] = [], headers: [HeaderField] = [], login: WindowsLogin? = nil) {
        self.url = url
        self.noProxy = noProxy
        self.headers = headers
        self.login = login
    }

    /// Whether a host is reached through the proxy.
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

/// Limits of a response. The connection is closed as soon as one is exceeded.
package struct Bounds: Sendable, Hashable {
    /// Maximum size of the body in bytes, after decompression.
    package var body = 1 << 20
    /// Maximum total size of the header lines of one response, in bytes.
    package var headers = 64 << 10
    /// Maximum number of these lines: a line costs more than its bytes.
    package var headerLines = 1000

    package init() {}
}
