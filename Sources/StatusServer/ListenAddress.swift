import Glibc

/// Parses a listen address: `address:port`, or, as Prometheus exporters accept, `:port` and `*:port` for all addresses of this machine.
enum ListenAddress {
    /// Splits off the port; brackets around an IPv6 address are removed. A missing or unreadable port is 0.
    static func split(_ listen: String) -> (host: String, port: Int) {
        guard let colon = listen.lastIndex(of: ":") else { return (listen, 0) }
        let written = listen[..<colon]
        let host = written.hasPrefix("[") ? String(written.dropFirst().dropLast()) : String(written)
        return (host.isEmpty || host == "*" ? every : host, Int(listen[listen.index(after: colon)...]) ?? 0)
    }

    /// `::`, which also accepts IPv4 connections; `0.0.0.0` on a kernel without IPv6.
    private static var every: String {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return "0.0.0.0" }
        close(descriptor)
        return "::"
    }
}
