import Addresses
import Exposition
import FoundationEssentials
import HTTPTypes
import HealthManager
import Hummingbird
import Probing
import Serving

/// `/probe`, `/logs` (recent runs) and `/config` (modules), at the same paths as in blackbox_exporter.
struct ProbeRoute: Sendable {
    let prober: OnDemandProber
    let isBehindProxy: Bool
    let listener: RequestGuard.Listener
    private static let scrapeTimeout = HTTPField.Name("X-Prometheus-Scrape-Timeout-Seconds")

    func add(to router: Router<ServerContext>) {
        router.get("/probe") { request, context in await probe(request, context) }
        router.get("/logs") { request, _ in logs(request) }
        router.get("/config") { _, _ in
            Response.plain(.ok, "modules:\n" + prober.modules.map { indented($0.masked) }.joined())
        }
    }

    private func probe(_ request: Request, _ context: ServerContext) async -> Response {
        let parameters = FormQuery(request.uri.query ?? "")
        // Behind a socket of the network listener is a proxy.
        let isSocket = listener == .network && context.address == nil
        let query = ProbeQuery(
            module: parameters["module"], target: parameters["target"], hostname: parameters["hostname"],
            scrapeTimeout: Self.scrapeTimeout.flatMap { request.headers[$0] },
            caller: isSocket ? NetworkAddress("127.0.0.1") : context.address,
            isForwarded: isSocket || isBehindProxy || ProxyTrace.isLeft(in: request.headers), isUser: context.user != nil)
        switch await prober.probe(query, for: context.channel.client) {
        case .refused(let status, let sentence):
            return .plain(
                HTTPResponse.Status(code: status), sentence + "\n", headers: status == 429 || status == 503 ? [.retryAfter: "1"] : [:])
        case .ran(let run):
            if parameters["debug"] == "true" { return .plain(.ok, DebugText.render(run)) }
            return .bytes(.ok, ProbeText.render(run), type: Negotiation.contentType(.text))
        }
    }

    private func logs(_ request: Request) -> Response {
        let parameters = FormQuery(request.uri.query ?? "")
        if let target = parameters["target"], parameters["id"] == nil {
            guard let run = prober.run(against: target, module: parameters["module"]) else {
                return .plain(.notFound, "no recent run has this target\n")
            }
            return .plain(.ok, DebugText.render(run))
        }
        guard let id = parameters["id"].flatMap({ Int($0) }) else { return .plain(.badRequest, "'id' must be a number\n") }
        guard let run = prober.run(numbered: id) else { return .plain(.notFound, "no recent run has this id\n") }
        return .plain(.ok, DebugText.render(run))
    }

    private func indented(_ text: String) -> String { text.split(separator: "\n").map { "  \($0)\n" }.joined() }
}

/// A human-readable report of one run: stages, findings, metrics and the module.
enum DebugText {
    static func render(_ run: OnDemandRun) -> String {
        let result = run.result
        var lines = [
            "Run \(run.id) of module \(run.module.name) against \(PrintableText.line(run.target)), "
                + "started \(result.start.formatted(.iso8601)):",
            "",
        ]
        for stage in result.outcome.stages {
            let detail = stage.detail.isEmpty ? "" : ": \(PrintableText.line(stage.detail))"
            lines.append("  \(stage.stage.rawValue) \(stage.verdict.rawValue) in \(milliseconds(stage.duration))\(detail)")
        }
        for finding in result.outcome.findings {
            lines.append("  \(finding.severity.rawValue) at \(finding.stage.rawValue): \(PrintableText.line(finding.sentence))")
            if !finding.exception.isEmpty { lines.append("    \(PrintableText.line(finding.exception))") }
            lines.append("    what to do: \(finding.remedy(on: "", isTarget: true))")
        }
        lines += ["  \(result.type.name) after \(milliseconds(result.duration)) (timeout \(milliseconds(run.timeout)))", ""]
        lines += ["Metrics:", "", String(decoding: ProbeText.render(run), as: UTF8.self), "Module:", "", run.module.masked]
        return lines.joined(separator: "\n")
    }

    private static func milliseconds(_ duration: Duration) -> String { "\((duration.seconds * 100_000).rounded() / 100) ms" }
}
