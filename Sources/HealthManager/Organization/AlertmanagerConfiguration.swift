package import Addresses

/// An Alertmanager, and what the agent shows of itself to it. Files are read at each request, so that they can be replaced there.
package struct AlertmanagerConfiguration: Sendable, Hashable {
    package enum Login: Sendable, Hashable {
        case none
        case basic(username: String, passwordFile: String)
        /// The value of the header `Authorization`.
        case file(String)
    }

    package struct TLS: Sendable, Hashable {
        /// PEM file of roots to trust beside the system's, instead of the network's own.
        package var caFile: String?
        /// The client's certificate and its key; both or neither.
        package var certificateFile: String?
        package var keyFile: String?
        /// The name the certificate must bear; nil is the URL's host.
        package var serverName: String?

        package init() {}
    }

    /// Without a login and a query.
    package var url: EndpointURL
    package var login = Login.none
    package var tls = TLS()

    package init(_ url: EndpointURL) { self.url = url }
}
