/// The agent's listener, control socket and state directory.
package struct DaemonSettings: Sendable, Hashable {
    /// The Unix socket of the command line.
    package struct ControlSocket: Sendable, Hashable {
        /// Nil means `control.sock` in the state directory.
        package var path: String?
        /// The group that may use it; nil means only the owner.
        package var group: String?

        package init() {}
    }

    /// At least one: `address:port`, where port 0 means any free port and an empty address or `*` all addresses of this machine, or
    /// `unix:/path` of a socket.
    package var listen = ["127.0.0.1:9717"]
    /// The URL by which people reach the agent, without a slash at its end; nil if it is not known.
    package var externalURL: String?
    /// Where the agent probes from, for metrics; nil if it is not named.
    package var vantage: String?
    /// Under whose metric names certificates are exposed too.
    package var compatibility: Set<Compatibility> = []
    /// Whether OpenMetrics says of each counter and histogram since when it counts.
    package var exposesCreated = false
    /// The path before all paths, such as `/agent`; nil for that of `externalURL`.
    package var routePrefix: String?
    package var stateDirectory = "/var/lib/agent"
    /// The lock file that decides which of several agents runs responders; nil if this one always does.
    package var responderLock: String?
    package var controlSocket = ControlSocket()
    /// The web configuration file: TLS and users of the network listener; nil for none.
    package var webConfigFile: String?
    /// In `hostNames`: every name.
    package static let anyHostName = "*"

    /// Additional names accepted in the Host header.
    package var hostNames: [String] = []
    /// Whether a reverse proxy on this machine forwards requests, so that loopback callers are not trusted.
    package var isBehindProxy = false

    package init() {}

    /// The path before all paths, such as `/agent`; empty for none.
    package var prefix: String {
        let path = routePrefix ?? externalURL.map { $0.drop { $0 != "/" }.dropFirst(2).drop { $0 != "/" } }.map(String.init) ?? ""
        let trimmed = path.split(separator: "/").joined(separator: "/")
        return trimmed.isEmpty ? "" : "/" + trimmed
    }

    package var controlSocketPath: String { controlSocket.path ?? stateDirectory + "/control.sock" }
}
