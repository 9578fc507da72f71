import Transfers

/// A parsed `ws://` or `wss://` URL.
struct WebSocketURL {
    let isTLS: Bool
    /// Without brackets.
    let host: String
    let port: UInt16
    /// As written, in ASCII, for the `Host` header.
    let authority: String
    let pathAndQuery: String

    init?(_ text: String) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard ["ws", "wss"].contains(scheme), text.dropFirst(scheme.count).hasPrefix("://"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), !text.contains("#")
        else { return nil }
        isTLS = scheme == "wss"
        let rest = text.dropFirst(scheme.count + 3)
        let written = String(rest.prefix { $0 != "/" && $0 != "?" })
        guard !written.isEmpty, !written.contains("@"), let authority = HostName.ascii(authority: written),
            let parts = URLHost("\(isTLS ? "https" : "http")://\(authority)/")
        else { return nil }
        self.authority = authority
        host = parts.name
        port = parts.port
        let tail = rest.dropFirst(written.count)
        guard tail.utf8.allSatisfy({ $0 < 0x7F }) else { return nil }
        pathAndQuery = tail.hasPrefix("/") ? String(tail) : "/\(tail)"
    }
}
