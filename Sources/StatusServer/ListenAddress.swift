import Addresses
import Glibc

/// Parses a listen address: `address:port`, or, as Prometheus exporters accept, `:port` and `*:port` for all addresses of this machine.
package enum ListenAddress {
    /// The path of `unix:/path`; nil for any other address.
    package static func socketPath(_ listen: String) -> String? {
        listen.hasPrefix("unix:") ? String(listen.dropFirst("unix:".count)) : nil
    }

    /// Splits off the port; brackets around an IPv6 address are removed. A missing or unreadable port is 0.
    static func split(_ listen: String) -> (host: String, port: Int) {
        guard let written = HostPort(listen) else { return (listen, 0) }
        return (["", "*"].contains(written.host) ? every : written.host, Int(written.port))
    }

    /// `::`, which also accepts IPv4 connections; `0.0.0.0` on a kernel without IPv6.
    private static var every: String {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return "0.0.0.0" }
        close(descriptor)
        return "::"
    }
}
