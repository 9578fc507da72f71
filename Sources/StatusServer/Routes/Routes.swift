import API
import Exposition
import FoundationEssentials
import HTTPTypes
import HealthManager
import Hummingbird
import Monitoring
import Probing
import Serving

/// Builds the router with all paths the agent serves.
struct Routes: Sendable {
    let health: HealthManager
    let changes: ChangeRequests
    let metrics: MetricsPage
    let history: RunHistory
    let templates: PageTemplates
    let events: EventFeed
    let responses: @Sendable () -> ResponseFacts
    let connections: @Sendable () -> Connections.Facts
    let build: BuildInformation
    let web: WebConfiguration?
    let settings: DaemonSettings
    private let feed = FeedMemory()

    func router(_ requestGuard: RequestGuard) -> Router<ServerContext> {
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        if requestGuard.listener == .network, let web { router.add(middleware: WebMiddleware(configuration: web)) }
        let pages = PageRoutes(health: health, responses: responses, build: build, history: history, templates: templates)
        router.add(middleware: CompressionMiddleware())
        router.add(middleware: ErrorPages(pages: pages))
        router.add(middleware: RequestGuardMiddleware(requestGuard: requestGuard))
        router.add(middleware: MethodMiddleware())
        router.get("/metrics") { request, _ in await metricsResponse(request) }
        router.get("/-/healthy") { _, _ in Response.plain(.ok, "healthy\n") }
        router.get("/-/ready") { _, _ in Response.plain(.ok, "ready\n") }
        router.post("/-/reload") { _, _ in await reload() }
        router.post("/-/restart") { request, _ in try await restart(request) }
        for path in ["/-/reload", "/-/restart"] {
            router.get(RouterPath(path)) { _, _ in Response.plain(.methodNotAllowed, "use POST\n", headers: [HTTPField.Name.allow: "POST"])
            }
        }
        router.get("/sd") { _, _ in
            try Response.json(DiscoveredTargets.all(in: await health.snapshot(withProbes: false), vantage: settings.vantage))
        }
        pages.add(to: router)
        FeedRoutes(pages: pages, externalURL: settings.externalURL, memory: feed).add(to: router)
        APIRoutes(health: health, changes: changes, events: events, responses: responses).add(to: router)
        ProbeRoute(prober: health.prober, isBehindProxy: requestGuard.isBehindProxy, listener: requestGuard.listener).add(to: router)
        return router
    }

    private func metricsResponse(_ request: Request) async -> Response {
        let format = Negotiation.format(accept: request.headers[.accept])
        let (facts, probes) = await health.agentFacts()
        let own = AgentMetrics(
            facts: facts, responses: responses(), probes: probes, build: build)
        let connections = ListenerMetrics(
            facts: connections(), web: web?.facts,
            labels: [("external_url", settings.externalURL), ("vantage", settings.vantage)])
        func write(_ text: inout MetricText) {
            own.write(to: &text, format: format)
            connections.write(to: &text, format: format)
        }
        let type = Negotiation.contentType(format, accept: request.headers[.accept])
        if Negotiation.acceptsGzip(request.headers[.acceptEncoding]), let compressed = metrics.compressed(format, agent: write) {
            return .bytes(.ok, compressed, type: type, headers: [.vary: "Accept, Accept-Encoding", .contentEncoding: "gzip"])
        }
        return Response(
            status: .ok, headers: [.vary: "Accept, Accept-Encoding", .contentType: type],
            body: ResponseBody(contentsOf: metrics.parts(format, agent: write)))
    }

    private func reload() async -> Response {
        do throws(ConfigurationRefused) {
            try await changes.reload()
            return .plain(.ok, "configuration reloaded\n")
        } catch {
            return .plain(.internalServerError, error.description + "\nthe previous configuration remains in effect\n")
        }
    }

    private func restart(_ request: Request) async throws -> Response {
        do throws(ConfigurationRefused) { try await changes.restart() } catch {
            return .plain(
                .internalServerError, error.description + "\nthe previous configuration remains in effect, no cache was cleared\n")
        }
        guard let text = request.uri.queryParameters["wait"] else { return .plain(.ok, "all caches cleared\n") }
        guard let seconds = Double(text), (0...86400).contains(seconds) else {
            return .plain(.badRequest, "'wait' must be a number of seconds from 0 to 86400\n")
        }
        let waiting = await health.awaitFreshResults(within: .seconds(seconds))
        return try .json(WaitingDocument(waiting: waiting.map(\.description)))
    }
}
