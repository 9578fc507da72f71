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
            router.get("/\(directory)/healthcheck.htm") { _, _ in health }
        }
        for path in ["/ews/exchange.asmx", "/autodiscover/autodiscover.svc"] {
            router.get("\(path)") { _, _ in challenge }
            router.post("\(path)") { _, _ in challenge }
        }
        return router
    }

    /// What goes wrong at a place of this server.
    private func fault(at role: Fault.Role) -> Fault.Answer? { index == 0 ? tenant.board.answer(at: role) : nil }

    private var health: Response {
        let fault = fault(at: .health)
        // Exchange writes its own name in capitals.
        let answering = if case .otherServer? = fault { tenant.serverName(index + 1) } else { name }
        let text = "200 OK<br/>\(answering.uppercased())"
        return fault.flatMap { Answer.faulty($0, document: Array(text.utf8)) } ?? Answer.text(.ok, text, type: "text/html")
    }

    private var challenge: Response {
        let fault = fault(at: .challenge)
        if case .noChallenge? = fault { return Answer.text(.unauthorized, "", headers: [.wwwAuthenticate: "Negotiate"]) }
        let isForeign = if case .wrongRealm? = fault { true } else { false }
        let realm = isForeign ? "99999999-0000-4000-8000-000000000099" : tenant.id
        let domain = isForeign ? "contoso.com" : tenant.organization
        let parameters = [
            "client_id=\"00000002-0000-0ff1-ce00-000000000000\"",
            "trusted_issuers=\"00000001-0000-0000-c000-000000000000@\(realm),00000004-0000-0ff1-ce00-000000000000@\(domain)\"",
            "token_types=\"app_asserted_user_v1 service_asserted_app_v1\"",
            "authorization_uri=\"https://login.windows.net/common/oauth2/authorize\"",
        ]
        return Answer.text(.unauthorized, "", headers: [.wwwAuthenticate: "Bearer " + parameters.joined(separator: ", ")])
    }
}
