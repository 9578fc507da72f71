import FoundationEssentials
import Lab
import Probing
import TestSupport
import Testing

/// Each fault of the lab, through `invoke` and through the scheduled run, with real processes.
@Suite(.serialized, FaultTrials()) struct FaultTableTests {
    @Test(
        "a fault gives its reason, stage and exit status, by invoke and on schedule, and goes away",
        arguments: Fault.all.map(\.name))
    func fault(name: String) async {
        let problems = await FaultTrials.ledger.problems(of: name)
        #expect(problems == [])
    }
}

/// Tries all faults on several sites side by side while the cases of the suite wait for theirs: each fault waits for processes and for one
/// interval of five seconds.
private struct FaultTrials: SuiteTrait, TestScoping {
    static let ledger = Ledger()
    private static let lanes = 4

    /// What was found wrong, fault by fault.
    actor Ledger {
        private var found: [String: [String]] = [:]
        private var waiting: [String: [CheckedContinuation<[String], Never>]] = [:]

        func record(_ problems: [String], of fault: String) {
            found[fault] = problems
            for waiter in waiting.removeValue(forKey: fault) ?? [] { waiter.resume(returning: problems) }
        }

        func problems(of fault: String) async -> [String] {
            if let problems = found[fault] { return problems }
            return await withCheckedContinuation { waiting[fault, default: []].append($0) }
        }
    }

    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<Self.lanes { group.addTask { await Self.run(lane) } }
            try await function()
            try await group.waitForAll()
        }
    }

    private static func run(_ lane: Int) async {
        var site: TrialSite?
        for (index, fault) in Fault.all.enumerated() where index % lanes == lane {
            var problems: [String] = []
            do {
                let current = if let site { site } else { try await TrialSite() }
                site = current
                problems = try await current.problems(of: fault)
            } catch {
                problems = ["\(error)"]
            }
            if !problems.isEmpty {
                // Whatever happened to this site is not to happen to the next fault.
                if let site { problems.append("lab: \(site.site.lab.errors) agent: \(site.daemon.program.errors)") }
                site = nil
            }
            await ledger.record(problems, of: fault.name)
        }
    }
}

/// A lab and an agent to try faults on.
private struct TrialSite {
    private struct Result: Decodable {
        struct Finding: Decodable { var stage: String }
        var resultType: String
        var reason: String?
        var failedStage: String?
        var warning: Bool
        var warnings: [Finding]
    }

    private struct NoAnswer: Error { var said: String }

    let site: AgentSite
    let daemon: Daemon

    init() async throws {
        site = try await AgentSite(every: "5s", timeout: "5s", servers: 2, hasSnapshotProbes: true)
        daemon = try await site.startAgent()
    }

    /// Switches a fault on and off; what is not as its table says.
    func problems(of fault: Fault) async throws -> [String] {
        var problems: [String] = []
        let on = try await site.fault("on", fault.name)
        if on.status != 0 { problems.append("on: \(on.errors)") }
        for expected in fault.expectations { problems += try await self.problems(of: expected) }
        if fault.name.hasPrefix("metadata-tls-") { problems += try await presented() }
        let off = try await site.fault("off", fault.name)
        if off.status != 0 { problems.append("off: \(off.errors)") }
        for expected in fault.expectations {
            // A busy machine may need more than the five seconds of the schedule.
            let ended = try await site.agent(["invoke", expected.probe, "--timeout", "60"])
            if ended.output != "ResultType : Succeeded\nError      :\nException  :\n" || ended.status != 0 {
                problems.append("after it is off: \(ended.output)\(ended.errors)")
            }
        }
        return problems
    }

    private func problems(of expected: Fault.Expectation) async throws -> [String] {
        var problems: [String] = []
        let server = expected.isOfOrganization ? [] : ["--server", "mbx01.fabrikam.com"]
        let ended = try await site.agent(["invoke", expected.probe] + server + ["--output", "json"])
        guard let result = try? JSONDecoder().decode([Result].self, from: Data(ended.output.utf8)).first else {
            throw NoAnswer(said: ended.output + ended.errors)
        }
        let stage = result.failedStage ?? result.warnings.first?.stage
        let told = [result.resultType, result.reason, stage, String(result.warning), String(ended.status)]
        if told != [expected.resultType, expected.reason, expected.stage, String(expected.isWarning), String(expected.exitStatus)] {
            problems.append("invoke: \(ended.output) \(ended.errors)")
        }
        let name = expected.probe.split(separator: "/").last ?? ""
        let severity = expected.isWarning ? "warning" : expected.resultType == "Rejected" ? "unknown" : "failure"
        let isScheduled = try await eventually(within: .seconds(60)) {
            try await daemon.metrics().split(separator: "\n").contains { line in
                line.hasPrefix("health_probe_reason_info{") && line.contains("probe=\"\(name)\"")
                    && line.contains("server=\"\(expected.isOfOrganization ? "" : "mbx01.fabrikam.com")\"")
                    && line.contains("stage=\"\(expected.stage)\",reason=\"\(expected.reason)\",severity=\"\(severity)\"")
            }
        }
        if !isScheduled { problems.append("\(expected.probe) does not say it on schedule") }
        return problems
    }

    /// What was presented keeps its metrics, although nothing was said to it.
    private func presented() async throws -> [String] {
        let own = try await daemon.metrics().split(separator: "\n").filter { $0.contains("MetadataReachabilityProbe\",server=\"mbx01") }
        return [
            "certificate_not_after_timestamp_seconds", "certificate_key_size", "earliest_certificate_expiry_timestamp_seconds",
        ].filter { family in !own.contains { $0.hasPrefix("health_probe_" + family) } }.map { "\($0) is not there" }
    }
}
