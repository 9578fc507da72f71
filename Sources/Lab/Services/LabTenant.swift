import FoundationEssentials

/// What all servers of the lab know: the organization, its certificates, and the faults that are on.
struct LabTenant: Sendable {
    let organization: String
    let id = "6f1d3a52-0f5e-4a53-9a0d-0d6a1f0c9b11"
    let clientID = "11111111-2222-3333-4444-555555555555"
    /// Of the dedicated application.
    let applicationID = "93d1b0a4-4c4b-4d0e-9f0c-2f2f8d2f6d52"
    let scope = "https://outlook.office365.com/.default"
    let graphScope = "https://graph.microsoft.com/.default"
    let certificates: OAuthCertificates
    let board: FaultBoard

    var domains: [String] { [organization, organization.replacing(".com", with: ".mail.onmicrosoft.com")] }

    var tokenEndpoint: String { "https://login.microsoftonline.com/\(organization)/oauth2/v2.0/token" }
    var metadataURL: String { "https://accounts.accesscontrol.windows.net/metadata/json/1/?realm=\(organization)" }
    var pushURL: String { "https://outlook.office365.com/PushNotifications" }

    /// What AuthConfig names.
    func named() throws -> OAuthCertificates.Issued { try certificates.certificate(board.certificate) }

    /// What the servers hold and the exported file shows.
    func installed() throws -> OAuthCertificates.Issued { try board.isRotated ? certificates.certificate(.other) : named() }

    /// The name of a mailbox server, counted from 0.
    func serverName(_ index: Int) -> String { "mbx\(index < 9 ? "0" : "")\(index + 1).\(organization)" }

    /// The endpoint by the tenant's ID.
    var tokenEndpointByID: String { "https://login.microsoftonline.com/\(id)/oauth2/v2.0/token" }

    func namesTenant(_ name: String) -> Bool { ([id] + domains).contains { $0.lowercased() == name.lowercased() } }
}
