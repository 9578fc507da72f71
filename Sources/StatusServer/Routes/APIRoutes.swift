import API
import Documents
import FoundationEssentials
import HTTPTypes
import HealthManager
import Hummingbird
import Monitoring
import Probing

/// The routes under `/api/v1`, used by the command line and other programs; described by `openapi.json`.
struct APIRoutes: Sendable {
    let health: HealthManager
    let changes: ChangeRequests
    let events: EventFeed
    let responses: @Sendable () -> ResponseFacts

    func add(to router: Router<ServerContext>) {
        let api = router.group("/api/v1")
        api.get("openapi.json") { _, _ in Response.bytes(.ok, PackageResources.openapi_json, type: "application/json") }
        api.get("probes") { request, _ in
            try await answered(request, []) { _ in try Response.json(ProbeDocument.all(in: await health.snapshot())) }
        }
        api.get("results") { request, _ in try await answered(request, ["probe", "server"]) { try await results($0) } }
        api.get("health") { request, _ in try await answered(request, ["server", "healthSet"]) { try await report($0) } }
        api.get("history") { request, _ in
            try await answered(request, ["subject", "server", "since", "until", "sort", "limit"]) { try await history($0) }
        }
        api.get("overrides") { request, _ in
            try await answered(request, []) { _ in try Response.json(OverrideDocument.all(in: await health.snapshot(withProbes: false))) }
        }
        api.get("maintenance") { request, _ in
            try await answered(request, []) { _ in try Response.json(MaintenanceDocument.all(in: await health.snapshot(withProbes: false)))
            }
        }
        api.get("alerts") { request, _ in try await answered(request, []) { _ in try Response.json(await health.alerts()) } }
        api.get("attempts") { request, _ in
            try await answered(request, []) { _ in try Response.json(Array(responses().responders.latest.reversed())) }
        }
        api.get("forecast") { request, _ in try await answered(request, ["until"]) { try await forecast($0) } }
        api.get("events") { _, _ in events.response() }
        api.post("invoke") { request, _ in
            try await taken(request, InvokeRequest.self) { try Response.json(InvokeAnswer(await Invoker(health).invoke($0, remote: true))) }
        }
        api.post("overrides") { request, _ in
            try await taken(request, OverrideRequest.self) { try Response.json(OverrideDocument(try await changes.add($0))) }
        }
        api.post("overrides/remove") { request, _ in
            try await taken(request, OverrideRemoval.self) { try Response.json(OverrideDocument(try await changes.remove($0))) }
        }
        api.post("maintenance") { request, _ in
            try await taken(request, MaintenanceRequest.self) {
                try Response.json(MaintenanceDocument(try await changes.start($0), at: health.now))
            }
        }
        api.post("maintenance/end") { request, _ in
            try await taken(request, MaintenanceEnd.self) {
                try Response.json(MaintenanceDocument(try await changes.end($0), at: health.now))
            }
        }
        api.post("acknowledge") { request, _ in
            try await taken(request, AcknowledgeRequest.self) { try Response.json(try await changes.acknowledge($0)) }
        }
    }

    // MARK: Queries

    private func results(_ query: QueryReader) async throws -> Response {
        let probe = query.text("probe")
        let server = query.text("server")?.lowercased()
        let states = await health.snapshot().probes.filter { state in
            (probe.map { state.key.identity.isMeant(by: $0) } ?? true) && (server == nil || server == state.key.server.lowercased())
        }
        return try .json(states.compactMap(\.latest).map { ResultDocument($0) })
    }

    private func report(_ query: QueryReader) async throws -> Response {
        await HistoryReader(health).flush()
        var report = HealthReport(await health.snapshot())
        if let server = query.text("server")?.lowercased() {
            report.healthSets.removeAll { !$0.server.lowercased().hasPrefix(server) }
            report.monitors.removeAll { !$0.server.lowercased().hasPrefix(server) }
        }
        if let healthSet = query.text("healthSet")?.lowercased() {
            report.healthSets.removeAll { $0.healthSet.lowercased() != healthSet }
            report.monitors.removeAll { $0.healthSet.lowercased() != healthSet }
        }
        return try .json(report)
    }

    private func history(_ query: QueryReader) async throws -> Response {
        var wanted = HistoryQuery()
        wanted.subject = query.text("subject")
        wanted.server = query.text("server")
        wanted.since = try query.date("since")
        wanted.until = try query.date("until")
        wanted.limit = try query.integer("limit", in: 1...10_001) ?? wanted.limit
        if let sort = try query.choice("sort", HistoryQuery.Sort.self) { wanted.sorts = [sort] }
        let reader = HistoryReader(health)
        await reader.flush()
        let records: [HistoryRecord]
        let stranger: String?
        do throws(JournalError) {
            records = try await reader.history(wanted)
            stranger = records.isEmpty ? try await reader.unknownSubject(in: wanted) : nil
        } catch {
            return try .json(ErrorDocument(error: error.description), status: .serviceUnavailable)
        }
        if let stranger { return try .json(ErrorDocument(error: stranger), status: .notFound) }
        return try .json(records)
    }

    private func forecast(_ query: QueryReader) async throws -> Response {
        try .json(await Forecaster(health).forecast(until: try query.date("until")))
    }

    /// Answers a query whose parameters are all among `known` and given at most once each; otherwise answers 400.
    private func answered(_ request: Request, _ known: [String], _ answer: (QueryReader) async throws -> Response) async throws -> Response
    {
        do { return try await answer(try QueryReader(request, known: known)) } catch let problem as QueryReader.Problem {
            return try .json(ErrorDocument(error: problem.description), status: .badRequest)
        }
    }

    // MARK: Changes

    /// Decodes the request body and passes it to `act`. An unreadable body or an unknown key is answered with 400, a refused decision
    /// with 404, 409 or 503.
    private func taken<Document: OrderDocument>(
        _ request: Request, _ type: Document.Type, _ act: (Document) async throws -> Response
    ) async throws -> Response {
        let document: Document
        do {
            let buffer = try await request.body.collect(upTo: 1 << 20)
            let known = Document.CodingKeys.allCases.map(\.stringValue)
            let written = try JSONText.decode([String: AnyValue].self, from: buffer.readableBytesView).keys
            if let stranger = written.sorted().first(where: { !known.contains($0) }) {
                return try .json(
                    ErrorDocument(error: "unknown key '\(stranger)' in the body; known keys: \(known.joined(separator: ", "))"),
                    status: .badRequest)
            }
            document = try JSONText.decode(type, from: buffer.readableBytesView)
        } catch let fault as JSONFault {
            return try .json(ErrorDocument(error: "the body is \(fault)"), status: .badRequest)
        } catch let error as DecodingError {
            return try .json(
                ErrorDocument(error: "the body does not match /api/v1/openapi.json: \(error.words)"), status: .badRequest)
        } catch {
            return try .json(ErrorDocument(error: "the body is not JSON, or is larger than 1 MiB"), status: .badRequest)
        }
        do { return try await act(document) } catch let refused as DecisionRefused {
            let status: HTTPResponse.Status =
                switch refused.kind {
                case .unknown: .notFound
                case .invalid: .conflict
                case .notKept: .serviceUnavailable
                }
            return try .json(ErrorDocument(error: refused.description), status: status)
        }
    }
}

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
