package import Addresses

/// An Alertmanager and how to authenticate to it. Files are read for each request, so that they can be replaced without a reload.
package struct AlertmanagerConfiguration: Sendable, Hashable {
    /// How to authenticate.
    package enum Login: Sendable, Hashable {
        case none
        case basic(username: String, passwordFile: String)
        /// The path of a file with the value of the `Authorization` header.
        case file(String)
    }

    /// TLS settings of the connection.
    package struct TLS: Sendable, Hashable {
        /// PEM file of trusted roots in addition to the system's; replaces the `tls.caFile` of the agent.
        package var caFile: String?
        /// The client certificate; set together with `keyFile` or not at all.
        package var certificateFile: String?
        package var keyFile: String?
        /// The name the server's certificate must be valid for; nil means the URL's host.
        package var serverName: String?

        package init() {}
    }

    /// Without credentials and query.
    package var url: EndpointURL
    package var login = Login.none
    package var tls = TLS()

    package init(_ url: EndpointURL) { self.url = url }
}
