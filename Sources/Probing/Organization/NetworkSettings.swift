package import Addresses

/// Settings for the agent's outbound connections.
package struct NetworkSettings: Sendable, Hashable {
    /// A forward proxy; `noProxy` lists hosts, domains and address ranges that are reached without it.
    package struct Proxy: Sendable, Hashable {
        package var url: EndpointURL
        package var noProxy: [String]
        package var account: WindowsAccount?

        package init(url: EndpointURL, noProxy: [String], account: WindowsAccount? = nil) {
            self.url = url
            self.noProxy = noProxy
            self.account = account
        }
    }

    /// PEM file of trusted roots, in addition to the system's.
    package var caFile: String?
    /// Maps `host:port` to `host:port`, like curl's `--connect-to`.
    package var connectTo: [String: String] = [:]
    /// Used for cloud hosts, never for `servers`.
    package var proxy: Proxy?

    package init() {}
}
