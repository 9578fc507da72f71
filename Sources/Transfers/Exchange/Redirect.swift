import Addresses

/// Where a response sends its client.
struct Redirect: Sendable {
    /// Absolute.
    let url: String
    /// Whether `Location` has a scheme, and so a host of its own.
    let isAbsolute: Bool

    /// Nil if `location` cannot be followed.
    init?(_ location: String, from base: String) {
        guard let url = URLHost.absolute(location, base: base) else { return nil }
        self.url = url
        isAbsolute = URLHost.hasScheme(location)
    }

    /// The maximum number of redirects; nil if this redirect must not be followed.
    func limit(_ policy: ExchangeRequest.RedirectPolicy, from: String) -> Int? {
        switch policy {
        case .refuse: return nil
        case .follow(let maximum): return maximum
        case .sameHost(let maximum):
            let isSameScheme = from.lowercased().hasPrefix("https:") == url.lowercased().hasPrefix("https:")
            guard isSameScheme, let source = URLHost(from), source.withPort == URLHost(url)?.withPort else { return nil }
            return maximum
        }
    }

    private static let secret: Set<String> = ["authorization", "www-authenticate", "cookie", "cookie2", "proxy-authorization"]

    /// The request that follows one which was answered with this redirect and `status`.
    func request(after request: ExchangeRequest, status: Int) -> ExchangeRequest {
        var next = request
        next.url = url
        if [301, 302, 303].contains(status) {
            if ![.get, .head].contains(request.method) { next.method = .get }
            next.body = nil
            next.headers.removeAll { ["content-type", "content-length"].contains($0.name.lowercased()) }
        }
        let (from, to) = (URLHost(request.url), URLHost(url))
        let isSameHost = from?.withPort == to?.withPort
        if isAbsolute || !isSameHost { next.headers.removeAll { $0.isNamed("host") } }
        if !isSameHost { next.tls.serverName = nil }
        if !Self.stays(from, to) {
            next.headers.removeAll { $0.isSecret || Self.secret.contains($0.name.lowercased()) }
        }
        // What proves an account to one service could be passed on to another.
        if from?.scheme != to?.scheme || !isSameHost { next.login = nil }
        return next
    }

    /// Whether a host may receive the credentials for another: only the same host or a subdomain, and not without TLS after https.
    private static func stays(_ from: URLHost?, _ to: URLHost?) -> Bool {
        guard let from, let to, from.scheme != "https" || to.scheme == "https" else { return false }
        return isWithin(from.name.lowercased(), to.name.lowercased())
    }

    private static func isWithin(_ from: String, _ to: String) -> Bool {
        from == to || (NetworkAddress(from) == nil && to.hasSuffix("." + from))
    }
}
