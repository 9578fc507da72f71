import Addresses
package import Certificates
package import FoundationEssentials

/// The Exchange organization and how to reach it: the part of the configuration that probe kinds receive.
package struct Organization: Sendable {
    /// The tenant's domain; empty if not configured.
    package var name = ""
    package var tenant = Tenant()
    /// As configured, else that of the auth server in `agent.yaml`; a snapshot does not change it. Nil if neither is known.
    package var cloud: Cloud?
    /// The application ID of the tenant's dedicated application for Exchange hybrid; nil if not known.
    package var hybridApplicationID: String?
    package var servers: [Server] = []
    package var authConfig = AuthConfig()
    package var authServer: AuthServer?
    package var pushProxy = PushProxy()
    package var thresholds = Thresholds()
    package var knownDates = KnownDates()
    /// Nil if not configured.
    package var exchangeOnline: ExchangeOnline?
    /// Nil if not configured.
    package var mailFlow: MailFlow?
    package var network = NetworkSettings()
    /// Nil if none is configured.
    package var snapshot: SnapshotSettings?
    /// What of this organization a snapshot describes, and when that was collected; nothing if `agent.yaml` describes it alone.
    package var described: (values: Set<Described>, at: Date)?
    /// Whether the snapshot said at the last start or reload that the push notifications proxy is enabled.
    package var snapshotEnablesPush = false
    /// The dedicated application in `agent.yaml`, where the snapshot names another, which is then `hybridApplicationID`.
    package var otherApplicationID: String?

    /// A part of the organization that a snapshot may describe.
    package enum Described: Sendable, Hashable { case authConfig, authServer, pushProxy }

    package init() {}

    /// The server with this full name or, if only one matches, this first label, ignoring case; nil if there is none.
    package func server(named name: String) -> Server? {
        let wanted = name.lowercased()
        if let exact = servers.first(where: { $0.name.lowercased() == wanted }) { return exact }
        let byLabel = servers.filter { $0.name.lowercased().split(separator: ".").first.map(String.init) == wanted }
        return byLabel.count == 1 ? byLabel[0] : nil
    }

    /// The cloud that credentials are for.
    package var effectiveCloud: Cloud { cloud ?? .global }

    /// The tenant's ID, else the organization's domain, which also names it in URLs; nil if neither is configured.
    package var tenantName: String? { tenant.id ?? (name.isEmpty ? nil : name) }

    /// The credential for Microsoft Graph: `tenant.credential`, else that of the push proxy's token; nil if neither is configured, or if the
    /// tenant is not known.
    package var graphCredential: TokenCredential? {
        let push = pushProxy.token
        let client =
            tenant.credential
            ?? push.map { ClientCredential(clientID: $0.clientID, certificateFile: $0.certificateFile, keyFile: $0.keyFile) }
        guard let client, let tenantName else { return nil }
        return TokenCredential(
            endpoint: "https://\(effectiveCloud.loginHost)/\(tenantName)/oauth2/v2.0/token", clientID: client.clientID,
            scope: "https://\(effectiveCloud.graphHost)/.default", certificateFile: client.certificateFile, keyFile: client.keyFile)
    }

    /// Whether the argument is the tenant's ID, the organization's domain or one of the tenant's domains, ignoring case.
    package func isThisTenant(_ other: String) -> Bool {
        let known = [name, tenant.id ?? ""] + tenant.domains
        return known.contains { !$0.isEmpty && $0.lowercased() == other.lowercased() }
    }
}

/// The Microsoft 365 tenant.
package struct Tenant: Sendable, Hashable {
    /// The Entra ID tenant's GUID; nil if not configured.
    package var id: String?
    package var domains: [String] = []
    /// To read the tenant with; nil if not configured.
    package var credential: ClientCredential?

    package init() {}
}

/// A server as `Get-ExchangeServer` lists it.
package struct Server: Sendable, Hashable {
    /// As in the column `ServerRole`.
    package enum Role: String, Sendable, Hashable, CaseIterable {
        case mailbox = "Mailbox"
        case edge = "Edge"
    }

    /// The server's identity, and the value of the `server` label.
    package var name: String
    package var roles: [Role] = [.mailbox]
    /// `host:port` to connect to instead of `hostname:443`.
    package var address: String?
    /// Used for SNI and `Host`, and checked against the certificate's names.
    package var hostname: String
    /// Whether its auth metadata document can be reached from the agent (`metadata: false` if not).
    package var publishesMetadata = true

    /// A Mailbox server whose host name is its name.
    package init(name: String) {
        self.name = name
        hostname = name
    }
}

/// What is configured of Exchange's AuthConfig: the current OAuth certificate.
package struct AuthConfig: Sendable, Hashable {
    package var currentCertificateThumbprint: Thumbprint?
    /// Known from a snapshot only.
    package var nextCertificateThumbprint: Thumbprint?
    /// Where the thumbprint is configured, as `PATH, line N`, to name the line when it is out of date.
    package var thumbprintLocation: String?
    /// Path of the exported certificate, DER or PEM.
    package var certificateFile: String?

    package init() {}
}

/// What `Get-OrganizationConfig` of Exchange Online says of EWS; nothing that the agent can reach shows it.
package struct ExchangeOnline: Sendable, Hashable {
    package var isEWSEnabled: Bool
    package var allowedApplicationIDs: [String]

    package init(isEWSEnabled: Bool, allowedApplicationIDs: [String]) {
        self.isEWSEnabled = isEWSEnabled
        self.allowedApplicationIDs = allowedApplicationIDs
    }
}

/// The auth server that Exchange trusts.
package struct AuthServer: Sendable, Hashable {
    package var name = "MicrosoftSts"
    /// An https URL.
    package var metadataURL: String

    package init(metadataURL: String) { self.metadataURL = metadataURL }
}
