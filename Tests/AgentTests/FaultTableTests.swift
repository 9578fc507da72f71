import FoundationEssentials
import Lab
import TestSupport
import Testing

/// Each fault of the lab, through `invoke` and through the scheduled run, with real processes.
@Suite(.serialized) struct FaultTableTests {
    private struct Result: Decodable {
        struct Finding: Decodable { var stage: String }
        var resultType: String
        var reason: String?
        var failedStage: String?
        var warning: Bool
        var warnings: [Finding]
    }

    @Test("every fault gives its reason, stage and exit status, by invoke and on schedule, and goes away")
    func faults() async throws {
        // Several sites side by side: each fault waits for processes and for one interval of two seconds.
        let lanes = 4
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    let site = try await AgentSite(every: "2s", timeout: "2s", servers: 2)
                    let daemon = try await site.startAgent()
                    for (index, fault) in Fault.all.enumerated() where index % lanes == lane { try await Self.check(fault, site, daemon) }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func check(_ fault: Fault, _ site: AgentSite, _ daemon: Daemon) async throws {
        let on = try await site.fault("on", fault.name)
        #expect(on.status == 0, "\(fault.name): \(on.errors) \(site.lab.errors)")
        for expected in fault.expectations {
            let ended = try await site.agent(["invoke", expected.probe, "--output", "json"])
            let result = try #require(try JSONDecoder().decode([Result].self, from: Data(ended.output.utf8)).first)
            let stage = result.failedStage ?? result.warnings.first?.stage
            #expect(
                [result.resultType, result.reason, stage, String(result.warning), String(ended.status)]
                    == [expected.resultType, expected.reason, expected.stage, String(expected.isWarning), String(expected.exitStatus)],
                "\(fault.name): \(ended.output) \(ended.errors)")
            let name = expected.probe.split(separator: "/").last ?? ""
            let severity = expected.isWarning ? "warning" : expected.resultType == "Rejected" ? "unknown" : "failure"
            let series = "health_probe_reason_info{"
            let scheduled = try await eventually(within: .seconds(10)) {
                try await daemon.metrics().split(separator: "\n").contains { line in
                    line.hasPrefix(series) && line.contains("probe=\"\(name)\"") && line.contains("server=\"mbx01.fabrikam.com\"")
                        && line.contains("stage=\"\(expected.stage)\",reason=\"\(expected.reason)\",severity=\"\(severity)\"")
                }
            }
            #expect(scheduled, "\(fault.name): \(expected.probe) on schedule")
        }
        if fault.name.hasPrefix("metadata-tls-") {
            // What was presented keeps its metrics, although nothing was said to it.
            let own = try await daemon.metrics().split(separator: "\n").filter { $0.contains("MetadataReachabilityProbe\",server=\"mbx01") }
            for family in [
                "certificate_not_after_timestamp_seconds", "certificate_key_size", "earliest_certificate_expiry_timestamp_seconds",
            ] {
                #expect(own.contains { $0.hasPrefix("health_probe_" + family) }, "\(fault.name): \(family)")
            }
        }
        let off = try await site.fault("off", fault.name)
        #expect(off.status == 0, "\(fault.name): \(off.errors)")
        for expected in fault.expectations {
            let ended = try await site.agent(["invoke", expected.probe])
            #expect(
                ended.output == "ResultType : Succeeded\nError      :\nException  :\n" && ended.status == 0,
                "\(fault.name) is off: \(ended.output)\(ended.errors)")
        }
    }
}
