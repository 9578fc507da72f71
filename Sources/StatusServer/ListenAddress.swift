import Glibc

/// `address:port`, and what Prometheus's programs take beside it: `:port` and `*:port` are every address of this machine.
enum ListenAddress {
    static func split(_ listen: String) -> (host: String, port: Int) {
        guard let colon = listen.lastIndex(of: ":") else { return (listen, 0) }
        let written = listen[..<colon]
        let host = written.hasPrefix("[") ? String(written.dropFirst().dropLast()) : String(written)
        return (host.isEmpty || host == "*" ? every : host, Int(listen[listen.index(after: colon)...]) ?? 0)
    }

    /// IPv6's takes IPv4 too; a kernel without IPv6 has only the other.
    private static var every: String {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return "0.0.0.0" }
        close(descriptor)
        return "::"
    }
}
