package import Certificates
package import ExchangeExport
import FoundationEssentials

/// Where the snapshot of the organization is, and how long it is believed.
package struct SnapshotSettings: Sendable, Hashable {
    package var file: String
    /// An older one leaves verdicts unknown.
    package var maximumAge: Duration = .seconds(26 * 3600)

    package init(file: String) { self.file = file }
}

extension Organization {
    /// Whether a snapshot is of this organization: it names one of its domains. Where none is configured here, or the snapshot says that it could
    /// not read them, it is taken to be.
    package func isDescribed(by snapshot: ExchangeSnapshot) -> Bool {
        let domains = (snapshot.organization.domains ?? []) + [snapshot.organization.defaultDomain ?? ""].filter { !$0.isEmpty }
        let isUnread = (snapshot.errors ?? []).contains { $0.cmdlet.lowercased() == "get-accepteddomain" }
        return name.isEmpty && tenant.domains.isEmpty || domains.isEmpty && isUnread || domains.contains(where: isThisTenant)
    }

    /// This organization, with what the snapshot says in place of what is configured. What the snapshot does not contain stays.
    package func applying(_ snapshot: ExchangeSnapshot) -> Organization {
        var organization = self
        var values: Set<Described> = []
        if let authConfig = snapshot.authConfig {
            if let current = authConfig.current {
                organization.authConfig.currentCertificateThumbprint = current
                organization.authConfig.thumbprintLocation = "the snapshot of \(snapshot.collectedAt.formatted(.iso8601))"
                values.insert(.authConfig)
            }
            organization.authConfig.nextCertificateThumbprint = authConfig.next
        }
        let issuers = (snapshot.authServers ?? []).filter { $0.enabled && $0.type.lowercased() == "microsoftacs" && isOurs($0.realm) }
        if let issuer = issuers.first, let url = issuer.metadataUrl, !url.isEmpty {
            organization.authServer = AuthServer(metadataURL: url)
            organization.authServer?.name = issuer.name
            values.insert(.authServer)
        }
        if let id = snapshot.applicationIDs(of: self).first {
            if let configured = hybridApplicationID, configured.lowercased() != id { organization.otherApplicationID = configured }
            organization.hybridApplicationID = id
        }
        if let app = snapshot.pushNotificationProxy {
            organization.pushProxy.enabled = app.enabled ?? false
            organization.pushProxy.organization = app.organization ?? ""
            organization.pushProxy.uri = app.uri ?? ""
            values.insert(.pushProxy)
        } else if !(snapshot.errors ?? []).contains(where: { $0.cmdlet.lowercased() == "get-pushnotificationapp" }) {
            organization.pushProxy.enabled = false
            values.insert(.pushProxy)
        }
        let known = Set(organization.tenant.domains.map { $0.lowercased() })
        organization.tenant.domains += (snapshot.organization.domains ?? []).filter { !known.contains($0.lowercased()) }
        organization.described = (values, snapshot.collectedAt)
        return organization
    }

    /// How a sentence names a value: as the snapshot's if it is from there, else by its key in `agent.yaml`.
    package func source(of value: Described, _ key: String, inExchange name: String) -> String {
        guard let described, described.values.contains(value) else { return key }
        return "\(name) (snapshot of \(described.at.formatted(.iso8601)))"
    }

    /// Whether an auth server's realm is this tenant: one that is no GUID says nothing.
    package func isOurs(_ realm: String?) -> Bool {
        guard let realm, UUID(uuidString: realm) != nil, let id = tenant.id else { return true }
        return realm.lowercased() == id.lowercased()
    }
}

extension ExchangeSnapshot {
    /// Refused as an application of one organization.
    private static let sharedPrincipal = "00000002-0000-0ff1-ce00-000000000000"

    /// The dedicated applications that enabled auth servers of this tenant name, in lower case, sorted and each once.
    package func applicationIDs(of organization: Probing.Organization) -> [String] {
        let servers = (authServers ?? []).filter { $0.enabled && $0.type.lowercased() == "azuread" && organization.isOurs($0.realm) }
        let ids = servers.compactMap { $0.applicationId?.lowercased() }.filter { !$0.isEmpty && $0 != Self.sharedPrincipal }
        return Set(ids).sorted()
    }

    /// Whether features that call Exchange Online with the organization's own tokens are in use: nil if that is not known.
    package var usesRichFeatures: Bool? {
        guard let hybridConfiguration else {
            let isUnknown = (errors ?? []).contains { $0.cmdlet.lowercased() == "get-hybridconfiguration" }
            return isUnknown ? nil : false
        }
        return (hybridConfiguration.features ?? []).contains { ["freebusy", "mailtips", "photos"].contains($0.lowercased()) }
    }

    /// The certificate as a server that has it describes it; nil if none that answered has it.
    package func certificate(_ thumbprint: Thumbprint) -> Certificate? {
        servers.lazy.compactMap { $0.certificates?.first { $0.thumbprint.value == thumbprint } }.first
    }
}
