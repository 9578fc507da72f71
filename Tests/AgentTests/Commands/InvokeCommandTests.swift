import FoundationEssentials
import TestSupport
import Testing

/// How many of a probe's servers and targets `agent invoke` runs.
@Suite struct InvokeCommandTests {
    private struct Result: Decodable { var server: String }

    @Test("without a server, the list is that of the first server and says so; a table and JSON have all of them")
    func servers() async throws {
        let site = try FileSite(["Files/Export"], servers: ["mbx01", "mbx02", "mbx03"])
        var ended = try await site.agent(["invoke", "Export"])
        #expect(ended.output == "ResultType : Succeeded\nError      :\nException  :\n" && ended.status == 0)
        #expect(ended.errors.contains("note: 1 of 3 servers; --all-servers runs the rest"), "\(ended.errors)")
        ended = try await site.agent(["invoke", "Export", "--output", "json"])
        let results = try JSONDecoder().decode([Result].self, from: Data(ended.output.utf8))
        #expect(results.map(\.server) == ["mbx01", "mbx02", "mbx03"] && !ended.errors.contains("1 of"), "\(ended)")
        ended = try await site.agent(["invoke", "Export", "--output", "table"])
        #expect(ended.output.split(separator: "\n").count == 4, "\(ended.output)")
        ended = try await site.agent(["invoke", "Export", "--output", "table", "--server", "mbx02"])
        #expect(ended.output.split(separator: "\n").count == 2 && ended.output.contains("mbx02"), "\(ended.output)")
    }

    @Test("the line for Nagios is that of the worst target, not of the first one")
    func worst() async throws {
        let site = try FileSite(["Files/Export"])
        let server = try await HookServer()
        try site.directory.write(
            "probes/ports.yaml",
            """
            healthSet: Web
            name: Ports
            kind: tcp
            every: 1h
            timeout: 5s
            targets: ["127.0.0.1:\(server.port)", "127.0.0.1:1"]

            """)
        var ended = try await site.agent(["invoke", "Ports"])
        #expect(ended.status == 0 && ended.errors.contains("note: 1 of 2 targets"), "\(ended)")
        ended = try await site.agent(["invoke", "Ports", "--output", "nagios"])
        #expect(ended.status == 2 && ended.output.hasPrefix("CRITICAL: Ports: "), "\(ended)")
        #expect(ended.output.contains("'Ports@127.0.0.1:\(server.port) time'="), "\(ended.output)")
        withExtendedLifetime(server) {}
    }
}
