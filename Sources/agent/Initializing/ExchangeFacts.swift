import Certificates
import FoundationEssentials

/// What the read-only PowerShell block writes in the Exchange shell.
struct ExchangeFacts {
    struct Unreadable: Error {
        var sentence: String
    }

    private struct Document: Decodable {
        var organization: String?
        var domains: [String]?
        var servers: [String]?
        var thumbprint: String?
        var metadataUrl: String?
        var pushEnabled: Bool?
        var pushUri: String?
    }

    let organization: String?
    let domains: [String]?
    let servers: [String]
    let thumbprint: Thumbprint?
    let metadataURL: String?
    let pushEnabled: Bool?
    let pushURI: String?

    /// Reads UTF-8, with or without a byte order mark.
    init(path: String) throws(Unreadable) {
        guard let bytes = (try? Data(contentsOf: URL(filePath: path))).map(Array.init) else {
            throw Unreadable(sentence: "cannot read \(path)")
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw Unreadable(sentence: "\(path) is UTF-16: write it with 'Out-File -Encoding utf8'")
        }
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(content)) else {
            throw Unreadable(sentence: "\(path) is not what the block of 'agent init --print-powershell' writes: run it again")
        }
        organization = document.organization
        domains = document.domains
        servers = document.servers ?? []
        thumbprint = document.thumbprint.flatMap { Thumbprint($0) }
        metadataURL = document.metadataUrl
        pushEnabled = document.pushEnabled
        pushURI = document.pushUri
    }

    static let powerShell = """
        # Read-only. Run in the Exchange Management Shell; give the file to: agent init --from facts.json
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
