import Addresses
import Glibc
import NIOCore
import Serving

/// Parses a listen address: `address:port`, or, as Prometheus exporters accept, `:port` and `*:port` for all addresses of this machine.
package enum ListenAddress {
    /// The path of `unix:/path`; nil for any other address.
    package static func socketPath(_ listen: String) -> String? {
        listen.hasPrefix("unix:") ? String(listen.dropFirst("unix:".count)) : nil
    }

    /// What a server listens on at an address; brackets around an IPv6 address are removed. A missing or unreadable port is 0.
    static func parse(_ listen: String) -> ListeningSocket {
        if let path = socketPath(listen) { return .path(path) }
        guard let written = HostPort(listen) else { return .address(host: listen, port: 0) }
        return .address(host: ["", "*"].contains(written.host) ? every : written.host, port: Int(written.port))
    }

    /// The address of a socket that listens, with its actual port.
    static func bound(_ socket: ListeningSocket, at local: SocketAddress?) -> String {
        guard let local, let port = local.port else { return "unix:" + (local?.pathname ?? "") }
        let host = if case .address(let host, _) = socket { host } else { local.ipAddress ?? "" }
        return HostPort(host: host, port: UInt16(port)).description
    }

    /// `::`, which also accepts IPv4 connections; `0.0.0.0` on a kernel without IPv6.
    private static var every: String {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return "0.0.0.0" }
        close(descriptor)
        return "::"
    }
}
