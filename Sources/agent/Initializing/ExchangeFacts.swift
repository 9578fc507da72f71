import Certificates
import Documents
import ExchangeExport
import FoundationEssentials
import Probing

/// The values written by the PowerShell script of `agent init --print-powershell`, or by `Export-ExchangeFacts.ps1`; invalid ones are left out.
struct ExchangeFacts {
    struct Unreadable: Error {
        var sentence: String
    }

    private(set) var organization: String?
    private(set) var domains: [String]?
    private(set) var servers: [String] = []
    private(set) var thumbprint: Thumbprint?
    private(set) var metadataURL: String?
    private(set) var pushEnabled: Bool?
    private(set) var pushURI: String?
    /// The tenant's GUID.
    private(set) var tenantID: String?
    private(set) var hybridApplicationID: String?
    /// Whether the file is a snapshot, which `agent.yaml` can name.
    private(set) var isSnapshot = false
    /// Values that were left out, one sentence each.
    private(set) var notes: [String] = []

    private let path: String
    private static let sizeLimit = 16 << 20

    /// Reads the file; it must be UTF-8, with or without a byte order mark.
    init(path: String) throws(Unreadable) {
        self.path = path
        let bytes: [UInt8]
        do throws(FileUnreadable) { bytes = try RegularFile.read(path, atMost: Self.sizeLimit) } catch {
            throw Unreadable(sentence: error.description)
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw Unreadable(sentence: "\(path) is UTF-16: write it with 'Out-File -Encoding utf8'")
        }
        let document: JSONTree
        do throws(JSONFault) { document = try JSONTree(bytes, within: JSONBounds(values: 1_000_000)) } catch {
            throw Unreadable(sentence: "\(path) is \(error): run the script of 'agent init --print-powershell' again")
        }
        guard case .object = document else {
            throw Unreadable(sentence: "\(path) was not written by the script of 'agent init --print-powershell': run it again")
        }
        if document["schema"] != nil {
            try takeSnapshot(bytes)
            return
        }
        organization = take("organization", document["organization"], "a domain", Text.isHostName)
        domains = document["domains"]?.elements.map { $0.compactMap { take("domains", $0, "a domain", Self.isDomain) } }
        servers = (document["servers"]?.elements ?? []).compactMap { take("servers", $0, "a host name", Text.isHostName) }
        thumbprint = take("thumbprint", document["thumbprint"], "a thumbprint") { Thumbprint($0) != nil }.flatMap { Thumbprint($0) }
        metadataURL = take("metadataUrl", document["metadataUrl"], "an https URL", Text.isHTTPS)
        if case .bool(let isEnabled)? = document["pushEnabled"] { pushEnabled = isEnabled }
        pushURI = take("pushUri", document["pushUri"], "an https URL", Text.isHTTPS)
    }

    private mutating func takeSnapshot(_ bytes: [UInt8]) throws(Unreadable) {
        let snapshot: ExchangeSnapshot
        do throws(SnapshotUnreadable) { snapshot = try ExchangeSnapshot(bytes) } catch { throw Unreadable(sentence: "\(path) \(error)") }
        func texts(_ values: [String]?) -> [JSONTree]? { values?.map(JSONTree.text) }
        isSnapshot = true
        organization = take(
            "organization.defaultDomain", snapshot.organization.defaultDomain.map(JSONTree.text), "a domain", Text.isHostName)
        domains = texts(snapshot.organization.domains)?.compactMap { take("organization.domains", $0, "a domain", Self.isDomain) }
        let mailbox = snapshot.servers.filter { $0.roles?.contains { $0.lowercased() == "mailbox" } ?? true }
        servers = mailbox.compactMap { take("servers.name", .text($0.name), "a host name", Text.isHostName) }
        var described = Organization()
        described = described.applying(snapshot)
        thumbprint = described.authConfig.currentCertificateThumbprint
        metadataURL = take("authServers.metadataUrl", described.authServer.map { .text($0.metadataURL) }, "an https URL", Text.isHTTPS)
        let realms = Set((snapshot.authServers ?? []).filter(\.enabled).compactMap { $0.realm?.lowercased() }.filter(Self.isGUID))
        // Auth servers of several tenants do not say which one this is.
        tenantID = realms.count == 1 ? realms.first : nil
        hybridApplicationID = take("authServers.applicationId", described.hybridApplicationID.map(JSONTree.text), "a GUID", Self.isGUID)
        pushEnabled = described.pushProxy.enabled
        pushURI = take("pushNotificationProxy.uri", .text(described.pushProxy.uri), "an https URL", Text.isHTTPS)
    }

    private static func isGUID(_ text: String) -> Bool { UUID(uuidString: text) != nil }

    /// An accepted domain may begin with `*.` to include its subdomains.
    private static func isDomain(_ text: String) -> Bool { Text.isHostName(text.hasPrefix("*.") ? String(text.dropFirst(2)) : text) }

    /// The text of a value if it is valid; nil if it is missing, or if it is invalid, which is added to `notes`.
    private mutating func take(_ key: String, _ value: JSONTree?, _ what: String, _ isTaken: (String) -> Bool) -> String? {
        guard let value, !value.isNull, value.text != "" else { return nil }
        if let text = value.text, isTaken(text) { return text }
        notes.append("note: \(path): '\(key)' contains a value that is not \(what): omitted")
        return nil
    }

    static let powerShell = """
        # Read-only. Run in the Exchange Management Shell, then pass the file to: agent init --from facts.json
        $push = Get-PushNotificationApp OnPrem-Proxy -ErrorAction SilentlyContinue
        [ordered]@{
          organization = (Get-AcceptedDomain | Where-Object Default).DomainName.ToString()
          domains      = @(Get-AcceptedDomain | ForEach-Object { $_.DomainName.ToString() })
          servers      = @(Get-ExchangeServer | Where-Object { $_.ServerRole -match 'Mailbox' } | ForEach-Object { $_.Fqdn })
          thumbprint   = (Get-AuthConfig).CurrentCertificateThumbprint
          metadataUrl  = (Get-AuthServer | Where-Object { $_.Type -eq 'MicrosoftACS' } | Select-Object -First 1).AuthMetadataUrl
          pushEnabled  = [bool]$push.Enabled
          pushUri      = if ($push) { "$($push.Uri)" } else { $null }
        } | ConvertTo-Json | Out-File -Encoding utf8 facts.json
        """
}
