import Documents
import FoundationEssentials
import HTTPTypes
import HealthManager
import Hummingbird

/// `/api/v1`: what the command line, the page and other programs ask. `openapi.json` describes it.
struct APIRoutes: Sendable {
    let health: HealthManager
    let events: EventFeed
    let responses: @Sendable () -> ResponseFacts

    func add(to router: Router<ServerContext>) {
        let api = router.group("/api/v1")
        api.get("openapi.json") { _, _ in Response.bytes(.ok, PackageResources.openapi_json, type: "application/json") }
        api.get("probes") { request, _ in
            try await answered(request, []) { _ in try Response.json(await health.probeDocuments()) }
        }
        api.get("results") { request, _ in try await answered(request, ["probe", "server"]) { try await results($0) } }
        api.get("health") { request, _ in try await answered(request, ["server", "healthSet"]) { try await report($0) } }
        api.get("history") { request, _ in
            try await answered(request, ["subject", "server", "since", "until", "sort", "limit"]) { try await history($0) }
        }
        api.get("overrides") { request, _ in try await answered(request, []) { _ in try Response.json(await health.overrideDocuments()) } }
        api.get("maintenance") { request, _ in
            try await answered(request, []) { _ in try Response.json(await health.maintenanceDocuments()) }
        }
        api.get("alerts") { request, _ in try await answered(request, []) { _ in try Response.json(await health.alerts()) } }
        api.get("attempts") { request, _ in
            try await answered(request, []) { _ in try Response.json(Array(responses().responders.latest.reversed())) }
        }
        api.get("forecast") { request, _ in try await answered(request, ["until"]) { try await forecast($0) } }
        api.get("events") { _, _ in events.response() }
        api.post("invoke") { request, _ in
            try await taken(request, InvokeRequest.self) { try Response.json(await health.invoke($0, remote: true)) }
        }
        api.post("overrides") { request, _ in
            try await taken(request, OverrideRequest.self) { try Response.json(OverrideDocument(try await health.add($0))) }
        }
        api.post("overrides/remove") { request, _ in
            try await taken(request, OverrideRemoval.self) { try Response.json(OverrideDocument(try await health.remove($0))) }
        }
        api.post("maintenance") { request, _ in
            try await taken(request, MaintenanceRequest.self) { try Response.json(await health.document(of: try await health.start($0))) }
        }
        api.post("maintenance/end") { request, _ in
            try await taken(request, MaintenanceEnd.self) { try Response.json(await health.document(of: try await health.end($0))) }
        }
        api.post("acknowledge") { request, _ in
            try await taken(request, AcknowledgeRequest.self) { try Response.json(try await health.acknowledge($0)) }
        }
    }

    // MARK: Questions

    private func results(_ query: QueryReader) async throws -> Response {
        let probe = query.text("probe")
        let server = query.text("server")?.lowercased()
        let states = await health.snapshot().probes.filter { state in
            (probe.map { state.key.identity.isMeant(by: $0) } ?? true) && (server == nil || server == state.key.server.lowercased())
        }
        return try .json(states.compactMap(\.latest).map { ResultDocument($0) })
    }

    private func report(_ query: QueryReader) async throws -> Response {
        await health.settle()
        var report = await health.healthReport()
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
        await health.settle()
        let records: [HistoryRecord]
        let stranger: String?
        do throws(NotKept) {
            records = try await health.history(wanted)
            stranger = records.isEmpty ? try await health.stranger(in: wanted) : nil
        } catch {
            return try .json(ErrorDocument(error: error.description), status: .serviceUnavailable)
        }
        if let stranger { return try .json(ErrorDocument(error: stranger), status: .notFound) }
        return try .json(records)
    }

    private func forecast(_ query: QueryReader) async throws -> Response {
        try .json(await health.forecast(until: try query.date("until")))
    }

    /// Answers a question whose parameters are among the known ones, each given once.
    private func answered(_ request: Request, _ known: [String], _ answer: (QueryReader) async throws -> Response) async throws -> Response
    {
        do { return try await answer(try QueryReader(request, known: known)) } catch let problem as QueryReader.Problem {
            return try .json(ErrorDocument(error: problem.description), status: .badRequest)
        }
    }

    // MARK: Orders

    /// Takes a body whose keys are all known.
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
                    ErrorDocument(error: "unknown key '\(stranger)' in the body; known are \(known.joined(separator: ", "))"),
                    status: .badRequest)
            }
            document = try JSONText.decode(type, from: buffer.readableBytesView)
        } catch let fault as JSONFault {
            return try .json(ErrorDocument(error: "the body is \(fault)"), status: .badRequest)
        } catch let error as DecodingError {
            return try .json(
                ErrorDocument(error: "the body is not what /api/v1/openapi.json describes: \(error.words)"), status: .badRequest)
        } catch {
            return try .json(ErrorDocument(error: "the body is no JSON, or longer than a mebibyte"), status: .badRequest)
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

/// A value that is not looked at.
private struct AnyValue: Decodable { init(from decoder: any Decoder) {} }

extension DecodingError {
    /// Which key, and what is wrong with it.
    fileprivate var words: String {
        func path(_ context: Context) -> String { context.codingPath.map(\.stringValue).joined(separator: ".") }
        return switch self {
        case .keyNotFound(let key, _): "'\(key.stringValue)' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            path(context).isEmpty ? "it is no JSON object" : "'\(path(context))' is of another type"
        case .dataCorrupted(let context): path(context).isEmpty ? "it is no JSON" : "'\(path(context))' can't be read"
        @unknown default: "it can't be read"
        }
    }
}
