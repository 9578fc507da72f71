import Addresses
package import Monitoring
import Probing

/// What the command line sets in place of the configuration file; nil and an empty list set nothing.
package struct ConfigurationOverrides: Sendable {
    package var listen: [String] = []
    package var webConfigFile: String?
    package var externalURL: String?
    package var routePrefix: String?
    package var stateDirectory: String?
    package var timeoutOffset: Duration?
    package var historyLimit: Int?
    /// Whether anybody may probe, by any name of this machine, as with blackbox_exporter.
    package var isOpen = false

    package init() {}

    /// Sets the values in a configuration.
    package func apply(to configuration: inout AgentConfiguration) {
        if !listen.isEmpty { configuration.daemon.listen = listen }
        configuration.daemon.webConfigFile = webConfigFile ?? configuration.daemon.webConfigFile
        if let externalURL { configuration.daemon.externalURL = externalURL.hasSuffix("/") ? String(externalURL.dropLast()) : externalURL }
        configuration.daemon.routePrefix = routePrefix ?? configuration.daemon.routePrefix
        configuration.daemon.stateDirectory = stateDirectory ?? configuration.daemon.stateDirectory
        configuration.probe.timeoutOffset = timeoutOffset ?? configuration.probe.timeoutOffset
        configuration.probe.historyLimit = historyLimit ?? configuration.probe.historyLimit
        if isOpen {
            configuration.probe.allowFrom = ["0.0.0.0/0", "::/0"].compactMap { AddressRange($0) }
            configuration.daemon.hostNames.append(DaemonSettings.anyHostName)
        }
    }

    /// What is wrong with the values, as problems of the options.
    var problems: [Diagnostic] {
        let listening = listen.compactMap { address in
            Text.listenProblem(address).map { Diagnostic(.error, at: SourceLocation(path: "--listen"), $0) }
        }
        let external = externalURL.flatMap { url in
            Text.externalURLProblem(url).map { Diagnostic(.error, at: SourceLocation(path: "--web.external-url"), $0) }
        }
        return listening + (external.map { [$0] } ?? [])
    }
}
