import FoundationEssentials
import Glibc
import TestSupport

/// Debian's blackbox_exporter and the agent, with one module file.
final class ExporterPair: Sendable {
    struct NotStarted: Error { var errors: String }

    /// What one of them answered.
    struct Answer: Sendable {
        var status: Int
        var body: String
        /// By series, as written with sorted labels.
        var series: [String: Double]
    }

    private let exporter: Program
    private let exporterAddress: String
    private let agent: Daemon

    init(modules: String, in directory: TemporaryDirectory) async throws {
        let file = try directory.write("modules.yml", modules)
        let configuration = try directory.write("agent.yaml", "stateDirectory: \(directory.path)/state\nlisten: 127.0.0.1:0\n")
        try directory.write("probes/README.md", "")
        let program = try Program(
            AgentSite.executable, ["run", "--config", configuration, "--probes", directory.path + "/probes", "--modules", file])
        guard await program.says("listening") else { throw NotStarted(errors: program.errors) }
        agent = Daemon(listening: program)
        exporter = try Program("prometheus-blackbox-exporter", ["--config.file=\(file)", "--web.listen-address=127.0.0.1:0"])
        guard await exporter.says("Listening on") else { throw NotStarted(errors: exporter.errors) }
        let line = exporter.errors.split(separator: "\n").first { $0.contains("Listening on") } ?? ""
        exporterAddress = String(line.split(whereSeparator: { $0 == "=" || $0 == " " }).last { $0.contains("127.0.0.1:") } ?? "")
    }

    deinit { exporter.send(SIGKILL) }

    func ask(_ query: String, header: String? = nil) async throws -> (theirs: Answer, ours: Answer) {
        async let theirs = Self.ask(exporterAddress, query, header)
        async let ours = Self.ask(agent.address, query, header)
        return (try await theirs, try await ours)
    }

    private static func ask(_ address: String, _ query: String, _ header: String?) async throws -> Answer {
        let headers = header.map { ["-H", "X-Prometheus-Scrape-Timeout-Seconds: \($0)"] } ?? []
        let ended = try await Program.run(
            "curl", ["-gsS", "--max-time", "30", "-w", "%{http_code}"] + headers + ["http://\(address)/probe?\(query)"])
        let lines = ended.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let status = Int(lines.last ?? "") ?? 0
        let body = lines.dropLast().joined(separator: "\n")
        let series = status == 200 ? try MetricsText(body.isEmpty ? "" : body + "\n").samples : [:]
        return Answer(status: status, body: body, series: series)
    }
}
