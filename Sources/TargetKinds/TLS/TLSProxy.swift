import FoundationEssentials
import Probing
import Transfers

/// `proxy_url`: an HTTP proxy through which connections are made (CONNECT).
struct TLSProxy: Sendable {
    /// As written.
    let url: String
    let host: String
    let port: UInt16
    /// The value of `Proxy-Authorization`; nil if there is no user in the URL.
    let authorization: String?

    static let guide = KindGuide.Option("proxy_url", "http:// proxy to connect through", settableThroughAgent: false)

    /// Nil if the key is absent or empty, or not valid, which is noted.
    init?(_ reader: SettingsReader) {
        guard let url = reader.string("proxy_url"), !url.isEmpty else { return nil }
        let scheme = "http://"
        let rest = url.dropFirst(scheme.count).prefix { $0 != "/" }
        let (user, place) = rest.lastIndex(of: "@").map { (rest[..<$0], rest[rest.index(after: $0)...]) } ?? (nil, rest)
        guard url.lowercased().hasPrefix(scheme), let (host, port) = URLHost.split(String(place)) ?? URLHost.split("\(place):80") else {
            reader.error("'proxy_url' must be a URL such as http://proxy:3128", at: reader.location(of: "proxy_url"))
            return nil
        }
        (self.url, self.host, self.port) = (url, host, port)
        authorization = user.map { "Basic " + Data((PercentEncoding.decode($0) ?? String($0)).utf8).base64EncodedString() }
    }
}
