import API
import HTTPTypes
import HealthManager
import Hummingbird
import Monitoring
import NIOCore
import Probing
import Serving

/// What other programs show to people: badges, the calendar of the forecast, the feed of problems.
struct FeedRoutes: Sendable {
    let pages: PageRoutes
    /// The URL by which people reach the agent, without a slash at its end; nil if it is not known.
    let externalURL: String?
    let memory: FeedMemory

    func add(to router: Router<ServerContext>) {
        router.get("/badge.svg") { request, _ in
            let text = await pages.kept("badge") { pages.templates.render(Badge(await pages.health.snapshot()), "badge") }
            return Response.shared(text, to: request) { .svg($0) }
        }
        router.get("/badge/{healthSet}/{name}") { request, context in
            await badge(request, try context.decoded("healthSet"), try context.decoded("name"))
        }
        router.get("/forecast.ics") { _, context in await calendar(for: context) }
        router.get("/problems.atom") { request, _ in
            let text = await pages.kept("problems") {
                let base = externalURL.map { $0 + "/" } ?? "./"
                return pages.templates.render(ProblemFeed(await pages.health.snapshot(), base: base, memory: memory), "problems")
            }
            return Response.shared(text, to: request) { .bytes(.ok, $0, type: "application/atom+xml; charset=utf-8") }
        }
    }

    private func calendar(for context: ServerContext) async -> Response {
        guard let forecast = await pages.forecasts.forecast(pages.health, for: context.channel.client) else {
            return .plain(.serviceUnavailable, "other forecasts are being computed: try again later\n", headers: [.retryAfter: "10"])
        }
        return .bytes(.ok, Array(CalendarFile(forecast).text.utf8), type: "text/calendar; charset=utf-8")
    }

    /// `/badge/OAuth/CertificateExpiryProbe.svg?server=mbx01&show=days`
    private func badge(_ request: Request, _ healthSet: String, _ name: String) async -> Response {
        let query = FormQuery(request.uri.query ?? "")
        let subject = query["show"].map { Badge.Subject(rawValue: $0) } ?? .state
        guard let subject else {
            return .plain(.badRequest, "'show' must be one of \(Badge.Subject.allCases.map(\.rawValue).joined(separator: ", "))\n")
        }
        let plain = name.hasSuffix(".svg") ? String(name.dropLast(4)) : name
        let key = ["badge", healthSet, plain, subject.rawValue] + ["server", "target", "address"].map { query[$0] ?? "" }
        // Empty where there is no such probe.
        let text = await pages.kept(key.map(PercentEncoding.encode).joined(separator: "/")) {
            let snapshot = await pages.health.snapshot()
            guard let probe = snapshot.probe(healthSet, plain, query) else { return "" }
            return pages.templates.render(Badge(probe, subject, shares: pages.history.shares(of: probe.key), in: snapshot), "badge")
        }
        guard !text.bytes.isEmpty else { return .plain(.notFound, "there is no such probe\n") }
        return .shared(text, to: request) { .svg($0) }
    }
}
