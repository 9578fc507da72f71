import FoundationEssentials
import HTTPTypes
import Hummingbird
import Synchronization

/// The push service: takes notifications with a good token, and shows the badge of the phone they would reach.
struct PushService: Sendable {
    let tenant: LabTenant
    let tokens: TokenIssuer
    let badge = Badge()

    /// The unseen-mail count on the phone.
    final class Badge: Sendable {
        private let count = Mutex(0)

        var value: Int { count.withLock { $0 } }

        func rise() { count.withLock { $0 += 1 } }
    }

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/") { _, _ in
            Answer.text(.ok, "<!DOCTYPE html><title>Phone</title><p>Unseen mails: \(badge.value)</p>", type: "text/html")
        }
        router.get("/PushNotifications") { _, _ in challenge }
        router.post("/PushNotifications") { request, _ in await push(request) }
        return router
    }

    private func push(_ request: Request) async -> Response {
        if let fault = tenant.board.answer(at: .push), let answer = Answer.faulty(fault, document: []) { return answer }
        let header = request.headers[.authorization] ?? ""
        guard header.hasPrefix("Bearer "), await tokens.accepts(String(header.dropFirst("Bearer ".count)), for: TokenIssuer.outlook) else {
            return challenge
        }
        badge.rise()
        return Answer.text(.accepted, "")
    }

    private var challenge: Response {
        Answer.text(
            .unauthorized, "",
            headers: [
                .wwwAuthenticate:
                    "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", trusted_issuers=\"00000001-0000-0000-c000-000000000000@*\", authorization_uri=\"https://login.windows.net/common/oauth2/authorize\""
            ])
    }
}
