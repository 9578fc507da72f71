/// The configuration of Exchange's push notifications proxy; an empty text means that the value is not configured.
package struct PushProxy: Sendable, Hashable {
    package var enabled = false
    package var organization = ""
    package var uri = ""
    package var token: TokenCredential?

    package init() {}
}

/// The agent's own client certificate in the tenant.
package struct ClientCredential: Sendable, Hashable {
    package var clientID: String
    package var certificateFile: String
    package var keyFile: String

    package init(clientID: String, certificateFile: String, keyFile: String) {
        self.clientID = clientID
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// The agent's own client credential for the push service; it is not Exchange's.
package struct TokenCredential: Sendable, Hashable {
    /// An https URL.
    package var endpoint: String
    package var clientID: String
    package var scope: String
    package var certificateFile: String
    package var keyFile: String

    package init(endpoint: String, clientID: String, scope: String, certificateFile: String, keyFile: String) {
        self.endpoint = endpoint
        self.clientID = clientID
        self.scope = scope
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
