import FoundationEssentials
import TestSupport
import Testing

/// `POST /api/v1/snapshot`.
@Suite struct SnapshotDeliveryTests {
    private static func post(_ file: String, to socket: String) async throws -> (status: String, body: String) {
        let ended = try await Program.run(
            "curl",
            ["-sS", "--unix-socket", socket, "-w", "\n%{http_code}", "--data-binary", "@\(file)", "http://agent/api/v1/snapshot"])
        let lines = ended.output.split(separator: "\n").map(String.init)
        return (lines.last ?? "", lines.dropLast().joined(separator: "\n") + ended.errors)
    }

    @Test("a newer snapshot of this organization takes the place of the file, all others are refused in a sentence")
    func delivery() async throws {
        let site = try await AgentSite(every: "1h", servers: 2, hasSnapshotProbes: true)
        let daemon = try await site.startAgent()
        let socket = site.directory.path + "/lab/agent/control.sock"
        let present = try site.directory.text("lab/snapshot.json")
        let date = try #require(present.firstRange(of: /"collectedAt":"[^"]*"/))
        func written(_ name: String, _ date: String, _ change: (inout String) -> Void = { _ in }) throws -> String {
            var text = present
            text.replaceSubrange(
                present.firstRange(of: /"collectedAt":"[^"]*"/) ?? text.startIndex..<text.startIndex, with: "\"collectedAt\":\"\(date)\"")
            change(&text)
            return try site.directory.write(name, text)
        }
        #expect(!present[date].isEmpty)
        let old = try await Self.post(written("old.json", "2020-01-01T00:00:00Z"), to: socket)
        #expect(old.status == "409" && old.body.contains("before the one in place"), "\(old)")
        let half = try await Self.post(site.directory.write("half.json", String(present.prefix(200))), to: socket)
        #expect(half.status == "409" && half.body.contains("the snapshot is not valid JSON"), "\(half)")
        let now = Date().addingTimeInterval(30).formatted(.iso8601)
        let foreign = try await Self.post(
            written("foreign.json", now) { $0 = $0.replacing("fabrikam", with: "contoso") }, to: socket)
        #expect(foreign.status == "409" && foreign.body.contains("none of whose domains is configured here"), "\(foreign)")
        #expect(try site.directory.text("lab/snapshot.json") == present)
        let future = try await Self.post(written("future.json", "9999-12-31T23:59:59Z"), to: socket)
        #expect(future.status == "409" && future.body.contains("which is in the future"), "\(future)")
        let nobody = try await Self.post(
            site.directory.write(
                "nobody.json", "{\"schema\": 1, \"collectedAt\": \"\(now)\", \"organization\": {\"name\": \"x\"}, \"servers\": []}"),
            to: socket)
        #expect(nobody.status == "409" && nobody.body.contains("none of whose domains"), "\(nobody)")
        #expect(try site.directory.text("lab/snapshot.json") == present)
        let large = try site.directory.write("large.json", bytes: [UInt8](repeating: 0x20, count: 33 << 20))
        #expect(try await Self.post(large, to: socket).status == "413")

        let new = try await Self.post(
            written("new.json", now) { $0 = $0.replacing("\"hasPrivateKey\":true", with: "\"hasPrivateKey\":false") }, to: socket)
        #expect(new.status == "200" && new.body.contains("\"servers\":2") && new.body.contains(now), "\(new)")
        let ended = try await site.agent(["invoke", "OAuth/CertificatePresenceProbe", "--server", "mbx01.fabrikam.com"])
        #expect(ended.status == 1 && ended.output.contains("without its private key"), "\(ended.output) \(ended.errors)")
        _ = daemon
    }
}
