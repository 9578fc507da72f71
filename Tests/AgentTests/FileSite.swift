import FoundationEssentials
import TestSupport

/// An agent that watches files, one probe for each: a file that is there is well, one that is not is a failure.
///
/// Every probe runs once a second; its monitor is Degraded at the first failure and Unhealthy 100 ms later.
final class FileSite: Sendable {
    let directory: TemporaryDirectory
    private let watched: [String]

    /// - Parameters:
    ///   - names: of the probes, `SET/NAME`; the file `watched/NAME` is there at first.
    ///   - servers: where each of them runs; none means once for the organization.
    ///   - failures: how many in a row a monitor takes as a problem.
    ///   - more: further lines of `agent.yaml`.
    init(_ names: [String], servers: [String] = [], failures: Int = 1, more: String = "") throws {
        directory = try TemporaryDirectory()
        let list = servers.isEmpty ? "" : "servers: [\(servers.map { "{ name: \($0) }" }.joined(separator: ", "))]\n"
        try directory.write("agent.yaml", "organization: fabrikam.com\nlisten: 127.0.0.1:0\nstateDirectory: state\n" + list + more)
        watched = names.compactMap { $0.split(separator: "/").last.map(String.init) }
        for name in names {
            let parts = name.split(separator: "/").map(String.init)
            try directory.write(
                "probes/\(parts[1]).yaml",
                """
                healthSet: \(parts[0])
                name: \(parts[1])
                kind: file-age
                scope: \(servers.isEmpty ? "organization" : "server")
                every: 1s
                timeout: 900ms
                options: { path: "\(directory.path)/watched/\(parts[1])" }
                monitors: [{ name: \(parts[1])Monitor, when: { consecutiveFailures: \(failures) }, degradedFor: 100ms }]

                """)
            try put(parts[1])
        }
    }

    var files: [String] { ["--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"] }

    func put(_ name: String) throws { try directory.write("watched/" + name, "content\n") }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: directory.path + "/watched/" + name) }

    func startAgent(_ more: [String] = []) async throws -> Daemon {
        let program = try Program(AgentSite.executable, ["run"] + files + more)
        guard await program.says("listening") else { throw AgentSite.NotStarted(errors: program.errors) }
        return Daemon(listening: program, on: self)
    }

    func agent(_ arguments: [String]) async throws -> Program.Ended { try await Program.run(AgentSite.executable, arguments + files) }

    /// Waits until `agent health` has a line with each of these texts.
    func shows(_ texts: String...) async throws -> Bool {
        try await eventually(within: .seconds(60)) {
            let lines = try await agent(["health"]).output.split(separator: "\n")
            return lines.contains { line in texts.allSatisfy { line.contains($0) } }
        }
    }
}
