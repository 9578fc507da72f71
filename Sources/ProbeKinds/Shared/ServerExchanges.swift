import Outbound
import Probing
import Transfers

/// Requests to several paths of one server.
struct ServerExchanges: Sendable {
    let server: Server
    let path: NetworkPath
    /// The probe that watches the connection to the server; nil if there is none.
    let watcher: ProbeIdentity?

    init(server: Server, place: Place, _ services: KindServices) {
        self.server = server
        path = services.path(place.organization)
        watcher = server.publishesMetadata ? place.watcher(MetadataReachabilityKind.self) : nil
    }

    /// Sends a GET request to each path, concurrently, and follows no redirect.
    /// - Returns: a judgement for each path, in their order; requests and responses belong to the stage `endpoint`.
    func ask(
        _ paths: [String], headers: [HeaderField] = [], login: WindowsLogin? = nil, _ context: RunContext
    ) async -> [ExchangeJudgement] {
        await withTaskGroup(of: (Int, ExchangeReport).self) { group in
            for (index, text) in paths.enumerated() {
                var request = path.request(to: server, path: text, context)
                request.headers += headers
                request.login = login
                group.addTask { [request] in (index, await path.transfers.exchange(request)) }
            }
            var reports: [(index: Int, report: ExchangeReport)] = []
            for await report in group { reports.append(report) }
            return reports.sorted { $0.index < $1.index }.map { index, report in
                ExchangeJudgement(
                    report: report, peer: "\(server.name) (\(paths[index]))", application: .endpoint,
                    nameAdvice: "set 'hostname' of \(server.name) to one of these")
            }
        }
    }

    /// Records the connection of the first exchange, and the finding of each that has no response: only one if no exchange has.
    /// - Returns: the exchanges with a response, with their places in the order of the paths.
    func responses(to judgements: [ExchangeJudgement], into log: inout RunRecorder) -> [(index: Int, response: ExchangeResponse)] {
        guard let first = judgements.first else { return [] }
        first.record(in: &log)
        log.observe(first.peerCertificates)
        for warning in first.warnings { log.find(warning) }
        let failures = judgements.compactMap(\.finding)
        for var finding in failures.count == judgements.count ? Array(failures.prefix(1)) : failures {
            finding.cause = watcher
            log.find(finding)
        }
        return judgements.enumerated().compactMap { index, judgement in
            guard judgement.finding == nil, let response = judgement.report.response else { return nil }
            return (index, response)
        }
    }

    /// The finding for a response that is not the server's own, such as a redirect to a login page.
    func gateway(_ path: String, _ answer: String) -> Finding {
        Finding(
            .unknown, stage: .endpoint, reason: .preauthenticationSuspected,
            sentence: "\(server.name): a gateway answered \(path) (\(answer)), not Exchange: set 'address' to the server itself")
    }

    /// The finding for a response with an unexpected status.
    func failure(_ path: String, _ response: ExchangeResponse, instead expected: String) -> Finding {
        Finding(
            .failure, stage: .endpoint, reason: response.status >= 500 ? .endpointUnavailable : .httpStatus,
            sentence: "\(server.name): \(path) returned status \(response.status) instead of \(expected)")
    }
}

extension ExchangeResponse {
    /// Whether the body is a web page, such as a gateway's.
    var isMarkup: Bool {
        if values(of: "Content-Type").contains(where: { $0.lowercased().hasPrefix("text/html") }) { return true }
        return body.first { ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) } == UInt8(ascii: "<")
    }
}
