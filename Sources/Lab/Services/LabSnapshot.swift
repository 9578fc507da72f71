import FoundationEssentials

/// What the organization's Management Shell would say of it, as the file that a snapshot is.
struct LabSnapshot: Sendable {
    let tenant: LabTenant
    let servers: [String]
    let metadataURL: String
    let pushOrganization: String
    let pushURI: String

    private struct Document: Encodable {
        var schema = 1
        var collectedAt: Date
        var collectedBy: String
        var organization: Organization
        var authConfig: AuthConfig?
        var authServers: [AuthServer]
        var pushNotificationProxy: PushProxy
        var settingOverrides: [SettingOverride]
        var hybridConfiguration = HybridConfiguration()
        var connectors = [Connector()]
        var servers: [Server]
        var errors: [CmdletError] = []
    }

    private struct Organization: Encodable {
        var name: String
        var domains: [String]
        var defaultDomain: String
    }

    private struct AuthConfig: Encodable {
        var currentThumbprint: String
        var previousThumbprint = ""
        var nextThumbprint: String?
        var nextEffectiveDate: Date?
    }

    private struct AuthServer: Encodable {
        var name: String
        var type: String
        var metadataUrl: String
        var applicationId: String?
        var enabled = true
    }

    private struct SettingOverride: Encodable {
        var name: String
        var component = "Global"
        var section: String
        var parameters = ["Enabled=true"]
    }

    private struct HybridConfiguration: Encodable {
        var features = ["FreeBusy", "Mailtips", "Photos", "SecureMail"]
    }

    private struct Connector: Encodable {
        var direction = "send"
        var name = "Outbound to Office 365"
        var enabled = true
        var tlsCertificateName = "<I>CN=\(OAuthCertificates.webName)<S>CN=\(OAuthCertificates.webName)"
        var tlsDomain = "mail.protection.outlook.com"
    }

    private struct PushProxy: Encodable {
        var name = "OnPrem-Proxy"
        var enabled = true
        var organization: String
        var uri: String
        var isValid = true
    }

    private struct Server: Encodable {
        var name: String
        var roles = ["Mailbox"]
        var version = "15.2.2562.17"
        var isReachable = true
        var error: String?
        var certificates: [Certificate]?
    }

    private struct Certificate: Encodable {
        var thumbprint: String
        var subject = "CN=Microsoft Exchange Server Auth Certificate"
        var notBefore: Date
        var notAfter: Date
        var keySize = 2048
        var hasPrivateKey = true
        var services: [String]
        var certificate: String

        init(web issued: OAuthCertificates.Issued) {
            self.init(issued, services: ["IIS", "SMTP"])
            subject = "CN=\(OAuthCertificates.webName)"
        }

        init(_ issued: OAuthCertificates.Issued, services: [String] = ["Federation"]) {
            self.services = services
            (thumbprint, notBefore, notAfter) = (issued.thumbprint, issued.notBefore, issued.notAfter)
            certificate = Data(issued.der).base64EncodedString()
        }
    }

    private struct CmdletError: Encodable {
        var cmdlet: String
        var kind: String
        var message: String
    }

    /// The file's bytes with this fault, none if nil; nil if there is no file.
    func bytes(_ fault: Fault.Snapshot?) throws -> [UInt8]? {
        if case .missing = fault { return nil }
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        let current = try tenant.named()
        let web = try tenant.certificates.certificate(.web)
        var document = Document(
            collectedAt: now, collectedBy: servers.first ?? "", organization: organization(foreign: fault == .foreign),
            authConfig: AuthConfig(currentThumbprint: current.thumbprint),
            authServers: [
                AuthServer(name: "MicrosoftSts", type: "MicrosoftACS", metadataUrl: metadataURL),
                AuthServer(
                    name: "EvoSts - \(tenant.id)", type: "AzureAD",
                    metadataUrl: "https://login.microsoftonline.com/\(tenant.id)/FederationMetadata/2007-06/FederationMetadata.xml",
                    applicationId: tenant.applicationID),
            ],
            pushNotificationProxy: PushProxy(organization: pushOrganization, uri: pushURI),
            settingOverrides: [
                SettingOverride(name: "EnableExchangeHybrid3PAppFeature", section: "ExchangeOnpremAsThirdPartyAppId"),
                SettingOverride(name: "GraphRoute", component: "Global", section: "RouteThroughMSGraph"),
            ],
            servers: servers.map { Server(name: $0, certificates: [Certificate(current), Certificate(web: web)]) })
        try apply(fault, to: &document, now: now)
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        let bytes = Array(try encoder.encode(document))
        return fault == .halfWritten ? Array(bytes.prefix(bytes.count / 2)) : bytes
    }

    private func organization(foreign: Bool) -> Organization {
        foreign
            ? Organization(name: "Contoso", domains: ["contoso.com"], defaultDomain: "contoso.com")
            : Organization(name: "Fabrikam", domains: tenant.domains, defaultDomain: tenant.organization)
    }

    private func apply(_ fault: Fault.Snapshot?, to document: inout Document, now: Date) throws {
        let day: TimeInterval = 86400
        switch fault {
        case nil, .whole, .missing, .foreign, .halfWritten: break
        case .stale: document.collectedAt = now - 8 * day
        case .future: document.collectedAt = now + day
        case .serverAway:
            document.servers[0].isReachable = false
            document.servers[0].error = "The RPC server is unavailable."
            document.servers[0].certificates = nil
        case .denied:
            document.authConfig = nil
            document.errors = [CmdletError(cmdlet: "Get-AuthConfig", kind: "denied", message: "Access is denied.")]
        case .noApplication: document.authServers.removeLast()
        case .noGraphRoute: document.settingOverrides.removeLast()
        case .noOverride: document.settingOverrides.removeFirst()
        case .twoOverrides:
            document.settingOverrides.append(SettingOverride(name: "Again", section: "ExchangeOnpremAsThirdPartyAppId"))
        case .oldBuild: document.servers[0].version = "15.2.1748.10"
        case .serverLacksCertificate: document.servers[0].certificates?.removeFirst()
        case .noServices: document.servers[0].certificates?.removeLast()
        case .connectorOfServers:
            document.servers[0].certificates?[1] = Certificate(web: try tenant.certificates.certificate(.webOfServers))
        case .noPrivateKey: document.servers[0].certificates?[0].hasPrivateKey = false
        case .next(let next):
            let issued = try tenant.certificates.certificate(next == .endsEarlier ? .expiresSoon : .other)
            let current = try tenant.named()
            document.authConfig?.nextThumbprint = next == .same ? current.thumbprint : issued.thumbprint
            let days: Double =
                switch next {
                case .overdue: -3
                case .tooLate: 5 * 365
                case .same, .endsEarlier, .missingOnServer: 10
                }
            document.authConfig?.nextEffectiveDate = now + days * day
            for index in document.servers.indices where next != .missingOnServer || index > 0 {
                document.servers[index].certificates?.append(Certificate(issued))
            }
        }
    }
}
