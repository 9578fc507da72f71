import API
import Documents
import FoundationEssentials
import HTTPTypes
import HealthManager
import Hummingbird
import Monitoring
import NIOCore
import Probing
import Serving

/// The routes under `/api/v1`, used by the command line and other programs; described by `openapi.json`.
struct APIRoutes: Sendable {
    let health: HealthManager
    let changes: ChangeRequests
    let events: EventFeed
    let responses: @Sendable () -> ResponseFacts
    private let snapshots: SnapshotDelivery
    private let forecasts = ForecastGate()

    init(health: HealthManager, changes: ChangeRequests, events: EventFeed, responses: @escaping @Sendable () -> ResponseFacts) {
        self.health = health
        snapshots = SnapshotDelivery(health)
        self.changes = changes
        self.events = events
        self.responses = responses
    }

    func add(to router: Router<ServerContext>) {
        router.get(RouterPath(Endpoints.description.path)) { _, _ in
            Response.bytes(.ok, PackageResources.openapi_json, type: "application/json")
        }
        router.get(RouterPath(Endpoints.events.path)) { request, context in
            do {
                let query = try QueryReader(request, known: Endpoints.events.query, client: context.channel.client)
                return events.response(wantsResults: try query.choice("only", EventChoice.self) == nil)
            } catch let problem as QueryReader.Problem {
                return try .json(ErrorDocument(error: problem.description), status: .badRequest)
            }
        }
        get(Endpoints.probes, router) { _ in ProbeDocument.all(in: await health.snapshot()) }
        get(Endpoints.results, router) { await results($0) }
        get(Endpoints.health, router) { await report($0) }
        get(Endpoints.history, router) { try await history($0) }
        get(Endpoints.overrides, router) { _ in OverrideDocument.all(in: await health.snapshot(withProbes: false)) }
        get(Endpoints.maintenance, router) { _ in MaintenanceDocument.all(in: await health.snapshot(withProbes: false)) }
        get(Endpoints.alerts, router) { _ in await health.alerts() }
        get(Endpoints.attempts, router) { _ in responses().responders.latest.reversed() }
        get(Endpoints.forecast, router) { query in
            let forecast = await forecasts.forecast(health, until: try query.date("until"), for: query.client)
            guard let forecast else { throw Refusal(.serviceUnavailable, "other forecasts are being computed: try again later") }
            return forecast
        }
        post(Endpoints.invoke, router) { InvokeAnswer(await Invoker(health).invoke($0, remote: true)) }
        decide(Endpoints.addOverride, router) { OverrideDocument(try await changes.add($0)) }
        decide(Endpoints.removeOverride, router) { OverrideDocument(try await changes.remove($0)) }
        decide(Endpoints.startMaintenance, router) { MaintenanceDocument(try await changes.start($0), at: health.now) }
        decide(Endpoints.endMaintenance, router) { MaintenanceDocument(try await changes.end($0), at: health.now) }
        decide(Endpoints.acknowledge, router) { try await changes.acknowledge($0) }
        router.post(RouterPath(Endpoints.snapshot.route.path)) { request, _ in
            try await Self.response {
                let body: ByteBuffer
                do { body = try await request.body.collect(upTo: SnapshotDelivery.sizeLimit) } catch {
                    throw Refusal(.contentTooLarge, "the snapshot is larger than \(SnapshotDelivery.sizeLimit) bytes")
                }
                return try await Self.decided { try await snapshots.take(Array(body.readableBytesView)) }
            }
        }
    }

    /// Why a request is not answered with its document.
    private struct Refusal: Error {
        let status: HTTPResponse.Status
        let sentence: String

        init(_ status: HTTPResponse.Status, _ sentence: String) {
            self.status = status
            self.sentence = sentence
        }
    }

    private static func response(_ answer: () async throws -> some Encodable) async throws -> Response {
        do { return try .json(try await answer()) } catch let refusal as Refusal {
            return try .json(ErrorDocument(error: refusal.sentence), status: refusal.status)
        }
    }

    // MARK: Queries

    /// Serves a query whose parameters are all known and given at most once each; otherwise answers 400.
    private func get<Answer>(
        _ endpoint: Endpoint<NoBody, Answer>, _ router: Router<ServerContext>,
        _ answer: @escaping @Sendable (QueryReader) async throws -> Answer
    ) {
        router.get(RouterPath(endpoint.route.path)) { request, context in
            try await Self.response {
                do {
                    return try await answer(try QueryReader(request, known: endpoint.route.query, client: context.channel.client))
                } catch let problem
                    as QueryReader.Problem
                {
                    throw Refusal(.badRequest, problem.description)
                }
            }
        }
    }

    private func results(_ query: QueryReader) async -> [ResultDocument] {
        let probe = query.text("probe")
        let server = query.text("server")?.lowercased()
        let states = await health.snapshot().probes.filter { state in
            (probe.map { state.key.identity.isMeant(by: $0) } ?? true) && (server == nil || server == state.key.server.lowercased())
        }
        return states.compactMap(\.latest).map { ResultDocument($0) }
    }

    private func report(_ query: QueryReader) async -> HealthReport {
        await JournalReader(health).flush()
        var report = HealthReport(await health.snapshot())
        if let server = query.text("server")?.lowercased() {
            report.healthSets.removeAll { !$0.server.lowercased().hasPrefix(server) }
            report.monitors.removeAll { !$0.server.lowercased().hasPrefix(server) }
        }
        if let healthSet = query.text("healthSet")?.lowercased() {
            report.healthSets.removeAll { $0.healthSet.lowercased() != healthSet }
            report.monitors.removeAll { $0.healthSet.lowercased() != healthSet }
        }
        return report
    }

    private func history(_ query: QueryReader) async throws -> [HistoryRecord] {
        var wanted = HistoryQuery()
        wanted.subject = query.text("subject")
        wanted.server = query.text("server")
        wanted.since = try query.date("since")
        wanted.until = try query.date("until")
        wanted.limit = try query.integer("limit", in: 1...10_001) ?? wanted.limit
        if let sort = try query.choice("sort", HistoryQuery.Sort.self) { wanted.sorts = [sort] }
        let reader = JournalReader(health)
        await reader.flush()
        do {
            let records = try await reader.history(wanted)
            guard records.isEmpty, let sentence = try await reader.unknownSubject(in: wanted) else { return records }
            throw Refusal(.notFound, sentence)
        } catch let error as JournalError {
            throw Refusal(.serviceUnavailable, error.description)
        }
    }

    // MARK: Changes

    /// Serves a request with a body. An unreadable body or an unknown key is answered with 400, a refused decision with 404, 409 or 503.
    /// - Parameter sign: enters the user who has logged in, if any has.
    private func post<Body: OrderDocument, Answer>(
        _ endpoint: Endpoint<Body, Answer>, _ router: Router<ServerContext>,
        sign: @escaping @Sendable (inout Body, String) -> Void = { _, _ in }, _ act: @escaping @Sendable (Body) async throws -> Answer
    ) {
        router.post(RouterPath(endpoint.route.path)) { request, context in
            try await Self.response {
                var body = try await Self.body(Body.self, of: request)
                if let user = context.user { sign(&body, user) }
                let order = body
                return try await Self.decided { try await act(order) }
            }
        }
    }

    /// The same for a decision: who has logged in has made it, whomever the body names. On the control socket, the body says who.
    private func decide<Body: SignedOrder, Answer>(
        _ endpoint: Endpoint<Body, Answer>, _ router: Router<ServerContext>, _ act: @escaping @Sendable (Body) async throws -> Answer
    ) {
        post(endpoint, router, sign: { $0.by = $1 }, act)
    }

    private static func decided<Answer>(_ act: () async throws -> Answer) async throws -> Answer {
        do { return try await act() } catch let refused as DecisionRefused {
            let status: HTTPResponse.Status =
                switch refused.kind {
                case .unknown: .notFound
                case .invalid: .conflict
                case .notKept: .serviceUnavailable
                }
            throw Refusal(status, refused.description)
        }
    }

    private static func body<Body: OrderDocument>(_ type: Body.Type, of request: Request) async throws(Refusal) -> Body {
        do {
            let buffer = try await request.body.collect(upTo: 1 << 20)
            let known = Body.CodingKeys.allCases.map(\.stringValue)
            let written = try JSONText.decode([String: AnyValue].self, from: buffer.readableBytesView).keys
            if let unknown = written.sorted().first(where: { !known.contains($0) }) {
                throw Refusal(.badRequest, "unknown key '\(unknown)' in the body; known keys: \(known.joined(separator: ", "))")
            }
            return try JSONText.decode(type, from: buffer.readableBytesView)
        } catch let refusal as Refusal {
            throw refusal
        } catch let fault as JSONFault {
            throw Refusal(.badRequest, "the body is \(fault)")
        } catch let error as DecodingError {
            throw Refusal(.badRequest, "the body does not match \(Endpoints.description.path): \(error.words)")
        } catch {
            throw Refusal(.badRequest, "the body is not JSON, or is larger than 1 MiB")
        }
    }
}

/// Which events a client wants, if not all of them.
private enum EventChoice: String, CaseIterable { case changes }

/// Decodes from any value and ignores it.
private struct AnyValue: Decodable { init(from decoder: any Decoder) {} }

extension DecodingError {
    /// The key at fault and the problem with it.
    fileprivate var words: String {
        func path(_ context: Context) -> String { context.codingPath.map(\.stringValue).joined(separator: ".") }
        return switch self {
        case .keyNotFound(let key, _): "'\(key.stringValue)' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            path(context).isEmpty ? "it is not a JSON object" : "'\(path(context))' has the wrong type"
        case .dataCorrupted(let context): path(context).isEmpty ? "it is not JSON" : "'\(path(context))' cannot be parsed"
        @unknown default: "it cannot be parsed"
        }
    }
}
