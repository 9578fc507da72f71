import FoundationEssentials
import HTTPTypes
import Hummingbird

/// A mailbox server: its metadata, its OAuth challenge, and each protocol's health check.
struct MailboxService: Sendable {
    static let directories = ["owa", "ecp", "ews", "autodiscover", "oab", "mapi", "rpc", "Microsoft-Server-ActiveSync"]

    let tenant: LabTenant
    let name: String
    let index: Int

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        let metadata = MetadataService(tenant: tenant, place: index == 0 ? .mailbox : nil)
        router.get("/autodiscover/metadata/json/1") { _, _ in try metadata.exchange(host: name, index: index) }
        for directory in Self.directories {
            router.get("/\(directory)/healthcheck.htm") { _, _ in Answer.text(.ok, "200 OK<br/>\(name)", type: "text/html") }
        }
        router.get("/ews/exchange.asmx") { _, _ in challenge }
        router.post("/ews/exchange.asmx") { _, _ in challenge }
        return router
    }

    private var challenge: Response {
        let parameters = [
            "client_id=\"00000002-0000-0ff1-ce00-000000000000\"",
            "trusted_issuers=\"00000001-0000-0000-c000-000000000000@\(tenant.id),00000004-0000-0ff1-ce00-000000000000@\(tenant.organization)\"",
            "token_types=\"app_asserted_user_v1 service_asserted_app_v1\"",
            "authorization_uri=\"https://login.windows.net/common/oauth2/authorize\"",
        ]
        return Answer.text(.unauthorized, "", headers: [.wwwAuthenticate: "Bearer " + parameters.joined(separator: ", ")])
    }
}
