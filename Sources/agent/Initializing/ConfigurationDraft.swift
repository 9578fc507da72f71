import Certificates
import FoundationEssentials
import ProbeFiles
import ProbeKinds

/// The `agent.yaml` that `agent init` writes: what was seen, and marks where only Exchange knows.
struct ConfigurationDraft {
    let organization: String
    var servers: [SiteSurvey.ServerSighting] = []
    var authServer: SiteSurvey.AuthServerSighting?
    var addresses: [String: String] = [:]
    var connectTo: [String: String] = [:]
    var hostname: String?
    var caFile: String?
    var listen: String?
    var facts: ExchangeFacts?
    var token: (certificate: String?, key: String?, clientID: String?) = (nil, nil, nil)

    init(organization: String) { self.organization = organization }

    var metadataURL: String { facts?.metadataURL ?? "https://accounts.accesscontrol.windows.net/metadata/json/1/?realm=\(organization)" }

    /// The key all servers that could be seen agree on.
    private var agreed: Thumbprint? {
        let newest = servers.compactMap(\.newestKey)
        return newest.first.flatMap { first in newest.allSatisfy { $0 == first } ? first : nil }
    }

    var notes: [String] {
        var notes = servers.compactMap { server in server.problem.map { "note: \(server.name): \($0)" } }
        if let problem = authServer?.problem { notes.append("note: \(problem)") }
        if authServer?.tokenEndpoint != nil, tokenEndpoint == nil {
            notes.append("note: the token endpoint in the auth server's document is not an https URL: it is left out")
        }
        notes += facts?.notes ?? []
        if agreed == nil, facts?.thumbprint == nil {
            notes.append("note: the servers seen do not agree on one OAuth certificate: authConfig is left out")
        }
        return notes
    }

    var text: String {
        var lines = [
            "# Written by 'agent init'. 'agent check' warns of each line marked UNCONFIRMED: compare it with Exchange, then remove the mark."
        ]
        lines.append(YAMLText.entry("organization", organization))
        if let listen { lines.append(YAMLText.entry("listen", listen)) }
        if !FileManager.default.isWritableFile(atPath: "/var/lib") { lines.append(YAMLText.entry("stateDirectory", "agent-state")) }
        lines += ["tenant:"]
        if let id = authServer?.realm, UUID(uuidString: id) != nil { lines.append("  " + YAMLText.entry("id", id)) }
        lines.append("  " + YAMLText.entry("domains", facts?.domains ?? [organization]))
        lines += ["", "servers:"]
        for server in servers {
            lines += ["  - " + YAMLText.entry("name", server.name), "    roles: [Mailbox]"]
            if let address = addresses[server.name.lowercased()] { lines.append("    " + YAMLText.entry("address", address)) }
            if let hostname { lines.append("    " + YAMLText.entry("hostname", hostname)) }
            if server.isUnpublished { lines.append("    metadata: false          # a gateway answered in its place") }
        }
        if let caFile { lines += ["tls:", "  " + YAMLText.entry("caFile", absolute(caFile))] }
        if !connectTo.isEmpty {
            lines += ["connectTo:"] + connectTo.sorted { $0.key < $1.key }.map { "  " + YAMLText.entry($0.key, $0.value) }
        }
        lines.append("")
        if let thumbprint = facts?.thumbprint {
            lines += ["authConfig:", "  " + YAMLText.entry("currentCertificateThumbprint", thumbprint.description)]
        } else if let agreed {
            let entry = YAMLText.entry("currentCertificateThumbprint", agreed.description)
            lines += ["authConfig:", "  \(entry)   # seen on every server; Get-AuthConfig says the same"]
        }
        lines += ["authServer:", "  name: MicrosoftSts", "  " + YAMLText.entry("metadataUrl", metadataURL)]
        lines += push
        return lines.joined(separator: "\n") + "\n"
    }

    private var push: [String] {
        let isEnabled = facts?.pushEnabled ?? (token.certificate != nil)
        let isKnown = facts?.pushEnabled != nil || token.certificate != nil
        var lines = [
            "pushProxy:",
            "  enabled: \(isEnabled)" + (isKnown ? "" : "           # UNCONFIRMED: (Get-PushNotificationApp OnPrem-Proxy).Enabled"),
        ]
        lines += [
            "  " + YAMLText.entry("organization", organization),
            "  " + YAMLText.entry("uri", facts?.pushURI ?? "https://outlook.office365.com/PushNotifications"),
        ]
        guard let certificate = token.certificate, let key = token.key, let clientID = token.clientID else { return lines }
        return lines + [
            "  token:",
            "    " + YAMLText.entry("endpoint", tokenEndpoint ?? "https://login.microsoftonline.com/\(organization)/oauth2/v2.0/token"),
            "    " + YAMLText.entry("clientId", clientID), "    scope: https://outlook.office365.com/.default",
            "    " + YAMLText.entry("certificateFile", absolute(certificate)), "    " + YAMLText.entry("keyFile", absolute(key)),
        ]
    }

    /// What the auth server's document says, where the configuration takes it.
    private var tokenEndpoint: String? { authServer?.tokenEndpoint.flatMap { Text.isHTTPS($0) ? $0 : nil } }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path }
}
