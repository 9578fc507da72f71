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

    func add(to router: Router<ServerContext>) {
        router.get("/badge.svg") { _, _ in
            Response.svg(pages.templates.render(Badge(await pages.health.snapshot()), "badge"))
        }
        router.get("/badge/{healthSet}/{name}") { request, context in
            await badge(request, try context.decoded("healthSet"), try context.decoded("name"))
        }
        router.get("/forecast.ics") { _, context in await calendar(for: context) }
        router.get("/problems.atom") { _, _ in
            let feed = ProblemFeed(await pages.health.snapshot(), base: externalURL.map { $0 + "/" } ?? "./")
            let text = pages.templates.render(feed, "problems")
            return Response.bytes(.ok, Array(text.utf8), type: "application/atom+xml; charset=utf-8")
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
        let snapshot = await pages.health.snapshot()
        let plain = name.hasSuffix(".svg") ? String(name.dropLast(4)) : name
        guard let probe = snapshot.probe(healthSet, plain, query) else { return .plain(.notFound, "there is no such probe\n") }
        let badge = Badge(probe, subject, shares: pages.history.shares(of: probe.key), in: snapshot)
        return .svg(pages.templates.render(badge, "badge"))
    }
}
