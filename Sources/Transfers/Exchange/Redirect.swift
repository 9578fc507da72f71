import Addresses

/// How a request continues after a redirect.
enum Redirect {
    /// The maximum number of redirects; nil if this redirect must not be followed.
    static func limit(_ policy: ExchangeRequest.RedirectPolicy, from: String, to: String) -> Int? {
        switch policy {
        case .refuse: return nil
        case .follow(let maximum): return maximum
        case .sameHost(let maximum):
            let isSameScheme = from.lowercased().hasPrefix("https:") == to.lowercased().hasPrefix("https:")
            guard isSameScheme, let source = URLHost(from), source.withPort == URLHost(to)?.withPort else { return nil }
            return maximum
        }
    }

    private static let secret: Set<String> = ["authorization", "www-authenticate", "cookie", "cookie2", "proxy-authorization"]

    /// The request to the redirect's URL.
    static func request(_ request: ExchangeRequest, to url: String, status: Int) -> ExchangeRequest {
        var next = request
        next.url = url
        if [301, 302, 303].contains(status) {
            if ![.get, .head].contains(request.method) { next.method = .get }
            next.body = nil
            next.headers.removeAll { ["content-type", "content-length"].contains($0.name.lowercased()) }
        }
        let (from, to) = (URLHost(request.url), URLHost(url))
        if from?.withPort != to?.withPort {
            next.headers.removeAll { $0.isNamed("host") }
            next.tls.serverName = nil
        }
        if !stays(from, to) {
            next.headers.removeAll { $0.isSecret || secret.contains($0.name.lowercased()) }
        }
        // What proves an account to one service could be passed on to another.
        if from?.scheme != to?.scheme || from?.withPort != to?.withPort { next.login = nil }
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
