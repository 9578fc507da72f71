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
    /// Whether a snapshot is of this organization: it names one of its domains, or its domains are not configured.
    package func isDescribed(by snapshot: ExchangeSnapshot) -> Bool {
        let domains = (snapshot.organization.domains ?? []) + [snapshot.organization.defaultDomain ?? ""].filter { !$0.isEmpty }
        return (name.isEmpty && tenant.domains.isEmpty) || domains.isEmpty || domains.contains(where: isThisTenant)
    }

    /// This organization, with what the snapshot says in place of what is configured. What the snapshot does not contain stays.
    package func applying(_ snapshot: ExchangeSnapshot) -> Organization {
        var organization = self
        let date = snapshot.collectedAt.formatted(.iso8601)
        organization.snapshotDate = snapshot.collectedAt
        if let current = snapshot.authConfig?.current {
            organization.authConfig.currentCertificateThumbprint = current
            organization.authConfig.thumbprintLocation = "the snapshot of \(date)"
        }
        if snapshot.authConfig != nil { organization.authConfig.nextCertificateThumbprint = snapshot.authConfig?.next }
        let issuers = (snapshot.authServers ?? []).filter { $0.enabled && $0.type.lowercased() == "microsoftacs" }
        if let issuer = issuers.first, let url = issuer.metadataUrl, !url.isEmpty {
            organization.authServer = AuthServer(metadataURL: url)
            organization.authServer?.name = issuer.name
        }
        let applications = (snapshot.authServers ?? []).filter { $0.enabled && $0.type.lowercased() == "azuread" }
        if let id = applications.lazy.compactMap(\.applicationId).first(where: { !$0.isEmpty }) { organization.hybridApplicationID = id }
        if let app = snapshot.pushNotificationProxy {
            organization.pushProxy.enabled = app.enabled ?? false
            organization.pushProxy.organization = app.organization ?? ""
            organization.pushProxy.uri = app.uri ?? ""
        } else if !(snapshot.errors ?? []).contains(where: { $0.cmdlet.lowercased() == "get-pushnotificationapp" }) {
            organization.pushProxy.enabled = false
        }
        let known = Set(organization.tenant.domains.map { $0.lowercased() })
        organization.tenant.domains += (snapshot.organization.domains ?? []).filter { !known.contains($0.lowercased()) }
        return organization
    }

    /// How a sentence names a value: as the snapshot's if one is applied, else by its key in `agent.yaml`.
    package func source(_ key: String, inExchange name: String) -> String {
        snapshotDate.map { "\(name) (snapshot of \($0.formatted(.iso8601)))" } ?? key
    }
}
