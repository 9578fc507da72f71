import Exposition
import FoundationEssentials
import HTTPTypes
import HealthManager
import Hummingbird
import Monitoring
import Probing
import Serving

/// The pages for people, and what they load: everything comes from the agent itself.
struct PageRoutes: Sendable {
    let health: HealthManager
    let responses: @Sendable () -> ResponseFacts
    let build: BuildInformation
    let history: RunHistory
    let templates: PageTemplates
    let forecasts = ForecastShelf()
    private let shelf = PageShelf<StatusKey>()
    private let pictures = PageShelf<String>()

    init(
        health: HealthManager, responses: @escaping @Sendable () -> ResponseFacts, build: BuildInformation, history: RunHistory,
        templates: PageTemplates
    ) {
        self.health = health
        self.responses = responses
        self.build = build
        self.history = history
        self.templates = templates
    }

    private static let asset: HTTPFields = [.cacheControl: "public, max-age=31536000, immutable"]

    func add(to router: Router<ServerContext>) {
        router.get("/") { request, context in await status(request, for: context.user) }
        router.get("/probes/{healthSet}/{name}") { request, context in
            try await probe(request, try context.decoded("healthSet"), try context.decoded("name"), for: context.user)
        }
        router.get("/runs/{id}") { _, context in await run(try context.parameters.require("id")) }
        router.get("/explain/{reason}") { request, context in await explain(request, try context.parameters.require("reason")) }
        router.get("/forecast") { request, context in await forecast(for: context) }
        router.get("/decisions") { _, _ in await decisions() }
        router.get("/page.css") { request, _ in
            Response.shared(PageAssets.style, to: request) { .bytes(.ok, $0, type: "text/css; charset=utf-8", headers: Self.asset) }
        }
        router.get("/page.js") { request, _ in
            Response.shared(PageAssets.script, to: request) { .bytes(.ok, $0, type: "text/javascript; charset=utf-8", headers: Self.asset) }
        }
        router.get("/icon/{name}") { _, context in icon(try context.parameters.require("name")) }
        router.get("/certificates.svg") { request, _ in
            let text = await kept("certificates") {
                let snapshot = await health.snapshot()
                let axis = CertificateAxis(SeenCertificate.all(in: snapshot), KnownDate.all(in: snapshot), at: snapshot.taken)
                return templates.render(axis, "axis")
            }
            return Response.shared(text, to: request) { .svg($0) }
        }
    }

    /// What `page.js` sends with its requests.
    private static let refresh = HTTPField.Name("X-Page-Refresh")

    /// - Parameter user: who has logged in; nil for nobody.
    private func status(_ request: Request, for user: String?) async -> Response {
        let query = PageQuery(request.uri.query ?? "")
        func render() async -> String {
            let page = StatusPage(
                await health.snapshot(), query, leadership: responses().responders.leadership, build: build, history: history,
                templates: templates, user: user)
            return templates.render(page, "status")
        }
        // A person who asks sees what is true now.
        guard let refresh = Self.refresh, request.headers[refresh] != nil else { return .html(await render()).personal(to: user) }
        let key = StatusKey(query: query, user: user)
        let text = await shelf.page(key, version: history.version, at: history.elapsed, render: render)
        return .shared(text, to: request) { .html($0) }.personal(to: user)
    }

    private func probe(_ request: Request, _ healthSet: String, _ name: String, for user: String?) async throws -> Response {
        let query = FormQuery(request.uri.query ?? "")
        let snapshot = await health.snapshot()
        guard let probe = snapshot.probe(healthSet, name, query) else {
            return .plain(.notFound, "there is no such probe\n")
        }
        let window = query["window"].flatMap { PlotWindow(rawValue: $0) } ?? .day
        let page = ProbePage(
            probe, written: await health.definition(of: probe.key.identity), in: snapshot,
            await ProbeRecords(probe, within: window, in: health), window: window, history: history, build: build,
            templates: templates, user: user)
        return .html(templates.render(page, "probe")).personal(to: user)
    }

    /// A run on demand by its number, that of a probe by its request ID.
    private func run(_ id: String) async -> Response {
        if let run = Int(id).flatMap({ health.prober.run(numbered: $0) }) {
            let page = RunPage(run, snapshot: await health.snapshot(withProbes: false), build: build)
            return .html(templates.render(page, "run"))
        }
        let missing = Response.plain(
            .notFound,
            "there is no run with this ID: the latest run of each probe is kept, some earlier ones that did not succeed, and the latest /probe "
                + "requests, until the agent restarts\n")
        guard let id = RequestID(id) else { return missing }
        let snapshot = await health.snapshot()
        guard let result = snapshot.probes.lazy.compactMap(\.latest).first(where: { $0.requestID == id }) ?? history.failed(id) else {
            return missing
        }
        let page = RunPage(result, of: snapshot.probes.first { $0.key == result.key }, snapshot: snapshot, build: build)
        return .html(templates.render(page, "run"))
    }

    private func explain(_ request: Request, _ name: String) async -> Response {
        guard let reason = Reason(rawValue: name.lowercased()) else {
            let near = NearestName.ranked(Reason.allCases.map(\.rawValue), to: name).prefix(3).joined(separator: ", ")
            return .plain(.notFound, "unknown reason" + (near.isEmpty ? "" : "; similar names: \(near)") + "\n")
        }
        guard Negotiation.isBrowser(request.headers[.accept]) else {
            return .plain(.ok, "\(reason.rawValue)\n\n\(reason.sentence)\n\nWhat to do: \(reason.remedy)\n")
        }
        let link = MessagePage.Link(href: "../?q=\(reason.rawValue)#probes", words: "The probes that have this reason now")
        let page = MessagePage(
            reason.rawValue, [reason.sentence], remedy: reason.remedy, links: [link], depth: 2,
            snapshot: await health.snapshot(withProbes: false), build: build)
        return .html(templates.render(page, "message"), varies: true)
    }

    private func forecast(for context: ServerContext) async -> Response {
        guard let forecast = await forecasts.forecast(health, for: context.channel.client) else {
            return .plain(.serviceUnavailable, "other forecasts are being computed: try again later\n", headers: [.retryAfter: "10"])
        }
        let page = ForecastPage(forecast, snapshot: await health.snapshot(withProbes: false), build: build)
        return .html(templates.render(page, "forecast"))
    }

    private func decisions() async -> Response {
        var query = HistoryQuery()
        (query.sorts, query.limit) = ([.decision], DecisionsPage.mostRecords)
        let history: Result<[HistoryRecord], JournalError>
        do throws(JournalError) { history = .success(try await JournalReader(health).history(query)) } catch { history = .failure(error) }
        let page = DecisionsPage(await health.snapshot(withProbes: false), history: history, build: build)
        return .html(templates.render(page, "decisions"))
    }

    private func icon(_ name: String) -> Response {
        guard let standing = Standing.allCases.first(where: { $0.rawValue + ".svg" == name }) else {
            return .plain(.notFound, "no such icon\n")
        }
        return .svg(templates.render(StandingIcon(standing), "icon"), headers: Self.asset)
    }

    /// What other pages show again and again, by a name; rendered if there is none that is fresh.
    func kept(_ name: String, render: () async -> String) async -> SharedText {
        await pictures.page(name, version: history.version, at: history.elapsed, render: render)
    }
}

/// Which status page it is.
struct StatusKey: Hashable, Sendable {
    let query: PageQuery
    /// Who has logged in, for whom alone the page is; nil for all others.
    let user: String?
}

extension Snapshot {
    /// The probe of this name, ignoring case, at the `server`, `target` and `address` of a query; nil if there is none.
    func probe(_ healthSet: String, _ name: String, _ query: FormQuery) -> ProbeState? {
        let identity = ProbeIdentity(healthSet: healthSet, name: name, target: query["target"])
        let server = (query["server"] ?? "").lowercased()
        return probes.first { probe in
            probe.key.identity == identity && probe.key.server.lowercased() == server && probe.key.address == query["address"] ?? ""
        }
    }
}

extension ServerContext {
    /// The part of the path with this name, without percent-encoding.
    func decoded(_ name: String) throws -> String {
        let text = try parameters.require(name)
        return PercentEncoding.decode(text[...]) ?? text
    }
}
