import FoundationEssentials
import Glibc

/// What the lab writes for the agent: its CA, the exported certificate, the agent's credential, and a whole `agent.yaml`.
struct LabFiles: Sendable {
    let directory: String
    let tenant: LabTenant
    let listen: String
    let rootPEM: String
    let credential: AgentCredential
    let hasSnapshot: Bool
    let servers: [(name: String, address: String)]
    let cloud: (authServer: String, tokenEndpoint: String, push: String, graph: String)
    let mail: (smtp: String, imap: String)
    let account: MailAccount

    private var faults: [Fault.File] { tenant.board.files }

    private func has(_ fault: Fault.File) -> Bool { faults.contains { "\($0)" == "\(fault)" } }

    /// Writes every file as the faults that are on want it.
    func write() throws {
        try write("ca.pem", Array(rootPEM.utf8))
        let own = has(.credentialExpiring) ? credential.expiring : credential.certificate
        try write("agent.pem", Array(own.pem.utf8))
        try write("mailflow.password", Array(account.password.utf8))
        try write("agent.key", Array(credential.keyPEM.utf8), mode: has(.keyOpen) ? 0o644 : 0o600)
        let exported =
            has(.exportedGarbage)
            ? Array("this is no certificate\n".utf8)
            : has(.exportedOther) ? try tenant.certificates.certificate(.other).der : try tenant.installed().der
        try write("OAuthCert.cer", exported)
        if let bytes = try snapshot.bytes(tenant.board.snapshot) {
            try write("snapshot.json", bytes)
        } else if FileManager.default.fileExists(atPath: directory + "/snapshot.json") {
            try FileManager.default.removeItem(atPath: directory + "/snapshot.json")
        }
        try write("agent.yaml", Array(try configuration.utf8))
    }

    private func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws {
        let path = directory + "/" + name
        try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        guard chmod(path, mode) == 0 else { throw CocoaError(.fileWriteNoPermission) }
    }

    private var push: String { has(.pushOtherCloud) ? "https://partner.outlook.cn/PushNotifications" : tenant.pushURL }
    private var metadata: String {
        has(.metadataOtherTenant) ? tenant.metadataURL.replacing(tenant.organization, with: "contoso.com") : tenant.metadataURL
    }

    private var snapshot: LabSnapshot {
        LabSnapshot(
            tenant: tenant, servers: servers.map(\.name), metadataURL: metadata,
            pushOrganization: has(.pushOrganizationEmpty) ? "" : tenant.organization, pushURI: push)
    }

    /// A snapshot would show what some faults hide.
    private var namesSnapshot: Bool {
        tenant.board.snapshot != nil || hasSnapshot && !has(.serverUnpublished) && !tenant.board.isRotated
    }

    private var configuration: String {
        get throws {
            let outlook = has(.pushNameUnknown) ? String(repeating: "x", count: 64) + ".invalid:443" : cloud.push
            let unpublished = has(.serverUnpublished)
            let list = servers.map { server in
                "  - name: \(server.name)\n    roles: [Mailbox]\n    address: \(server.address)\n"
                    + (unpublished ? "    metadata: false\n" : "")
            }.joined()
            return """
                # The lab's tenant, as an agent sees it. The lab writes this file anew when a fault is switched that changes it.
                organization: \(tenant.organization)
                listen: \(listen)
                stateDirectory: agent
                \(namesSnapshot ? "snapshot: { file: snapshot.json, maximumAge: 7d }\n" : "")tenant:
                  id: \(tenant.id)
                  domains: [\(tenant.domains.joined(separator: ", "))]

                servers:
                \(list)
                tls:
                  caFile: ca.pem
                connectTo:                # the cloud, on loopback
                  accounts.accesscontrol.windows.net:443: \(cloud.authServer)
                  login.microsoftonline.com:443: \(cloud.tokenEndpoint)
                  outlook.office365.com:443: \(outlook)
                  graph.microsoft.com:443: \(cloud.graph)
                \(servers.map { "  \($0.name):465: \(mail.smtp)\n  \($0.name):993: \(mail.imap)\n" }.joined())
                authConfig:
                  currentCertificateThumbprint: \(try tenant.named().thumbprint)
                \(unpublished ? "" : "  certificateFile: OAuthCert.cer")
                authServer:
                  name: MicrosoftSts
                  metadataUrl: \(metadata)
                pushProxy:
                  enabled: true
                  organization: \(has(.pushOrganizationEmpty) ? "\"\"" : tenant.organization)
                  uri: \(push)
                  token:
                    endpoint: \(tenant.tokenEndpoint)
                    clientId: \(tenant.clientID)
                    scope: \(tenant.scope)
                    certificateFile: agent.pem
                    keyFile: agent.key

                \(has(.ewsOff) ? "exchangeOnline: { ewsEnabled: false }\n" : "")mailFlow:                 # on each server
                  from: \(account.user)
                  to: \(account.user)
                  smtp: { tls: implicit, user: \(account.user), passwordFile: mailflow.password }
                  imap: { tls: implicit, user: \(account.user), passwordFile: mailflow.password }

                thresholds:
                  driftSettling: \(has(.settling) ? "24h" : "0s")

                """
        }
    }
}
