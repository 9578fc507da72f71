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

    /// `address:port`; port 0 means any free port, an empty address or `*` means all addresses of this machine.
    package var listen = "127.0.0.1:9717"
    package var stateDirectory = "/var/lib/agent"
    package var controlSocket = ControlSocket()
    /// The web configuration file: TLS and users of the network listener; nil for none.
    package var webConfigFile: String?
    /// Additional names accepted in the Host header.
    package var hostNames: [String] = []
    /// Whether a reverse proxy on this machine forwards requests, so that loopback callers are not trusted.
    package var isBehindProxy = false

    package init() {}

    package var controlSocketPath: String { controlSocket.path ?? stateDirectory + "/control.sock" }
}
