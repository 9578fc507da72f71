import FoundationEssentials
import Glibc
import Probing
import TestSupport
import Testing

@testable import ProbeKinds

@Suite struct FileAgeTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func run(_ path: String, at date: Date = Date()) async -> Outcome {
        let options = FileAgeOptions(path: path, maximumAge: .seconds(3600))
        return await FileAgeProbe(options: options).run(RunContext(date: date, deadline: .seconds(5), time: SystemTime()))
    }

    @Test("a recent file passes, an old one fails with its age, and its age is the sample value")
    func age() async throws {
        let path = try directory.write("export.json", "{}")
        let recent = await run(path)
        #expect(recent.resultType == .succeeded && recent.stages.map(\.verdict) == [.passed])
        let old = await run(path, at: Date().addingTimeInterval(7200))
        #expect(old.resultType == .failed && old.decisive?.reason == .snapshotStale, "\(old.findings)")
        #expect(old.decisive?.sentence.contains("ago; at most 1h is accepted") == true, "\(old.findings)")
        let ahead = await run(path, at: Date().addingTimeInterval(-7200))
        #expect(ahead.resultType == .succeeded && ahead.decisive?.reason == .clockSkew, "\(ahead.findings)")
        #expect(old.sampleValue.map { $0 > 7000 && $0 < 8000 } == true)
    }

    @Test("a file that is not there, or is a directory, fails")
    func missing() async throws {
        for path in [directory.path + "/none", directory.path] {
            let outcome = await run(path)
            #expect(outcome.resultType == .failed && outcome.decisive?.reason == .snapshotMissing, "\(outcome.findings)")
        }
    }

    @Test("a definition without a path is refused")
    func options() throws {
        for (text, problems) in [("", 1), ("/var/lib/agent/export.json", 0)] {
            let location = SourceLocation(path: "a.yaml", line: 1)
            let kind = ConfiguredKind(FileAgeKind(), options: Setting.empty(at: location).setting("path", to: text, at: location))
            #expect(kind.diagnostics.count == problems, "\(kind.diagnostics)")
        }
    }
}
