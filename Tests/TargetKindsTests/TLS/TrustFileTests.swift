import FoundationEssentials
import Glibc
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// A file of roots that changes under a probe that goes on.
@Suite struct TrustFileTests {
    @Test(
        "what stands in the file when a run begins is trusted, and nothing else; a file that is unusable is Rejected",
        arguments: ["tcp", "http"])
    func replaced(kind: String) async throws {
        let certificates = try TestCertificates()
        let (server, root) = try await certificates.peer()
        let stranger = try await certificates.root("stranger", commonName: "Stranger")
        let file = "\(certificates.path)/trusted.pem"
        let (good, other) = (try Self.read(root.certificate), try Self.read(stranger.certificate))
        try certificates.directory.write("trusted.pem", good)
        let services = TargetServices(transfers: Transfers(), userAgent: "agent/test")
        let options: Written =
            kind == "tcp" ? ["tls": true, "tls_config": ["ca_file": .text(file)]] : ["tls_config": ["ca_file": .text(file)]]
        let configured = ConfiguredKind(
            try #require(KindCatalog(TargetKinds.all(services)).kinds(named: kind).first), options: options.setting)
        let target = kind == "tcp" ? server.address : "https://\(server.address)/"
        let place = Place(organization: Organization(), server: nil, target: Target(target))
        guard case .probe(let probe) = configured.discover(at: place) else {
            Issue.record("no probe")
            return
        }
        func run() async -> Outcome { await probe.run(RunContext(date: Date(), deadline: .seconds(10), time: ManualTime())) }

        #expect(await run().decisive == nil)
        // Another file in its place, then the same file with other content.
        try certificates.directory.write("new.pem", other)
        #expect(rename("\(certificates.path)/new.pem", file) == 0)
        #expect(await run().decisive?.reason == .certificateUntrusted)
        try certificates.directory.write("trusted.pem", good)
        #expect(await run().decisive == nil)
        for broken in ["", "no certificate\n", String(good.prefix(200)), nil] {
            if let broken { try certificates.directory.write("trusted.pem", broken) } else { unlink(file) }
            let outcome = await run()
            #expect(outcome.resultType == .rejected && outcome.decisive?.reason == .credentialUnreadable, "\(outcome.findings)")
            #expect(outcome.decisive?.sentence.contains(file) == true, "\(outcome.findings)")
        }
        try certificates.directory.write("trusted.pem", good)
        #expect(await run().decisive == nil)
    }

    private static func read(_ path: String) throws -> String { String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self) }
}
