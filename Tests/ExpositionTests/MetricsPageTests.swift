import Certificates
import FoundationEssentials
import NIOCore
import TestSupport
import Testing

@testable import Exposition
@testable import Monitoring
@testable import Probing

extension MetricsPage {
    fileprivate func text(_ format: MetricText.Format) -> String {
        let text = parts(format) { _ in }.map { String(buffer: $0) }.joined()
        if case .text = format {
            do { _ = try MetricsText(text) } catch { Issue.record(error) }
        }
        return text
    }
}

@Suite struct MetricsPageTests {
    private static let drift = MetricDefinition("oauth_certificate_drift", "Drift.", .shared)
    private static let backlog = MetricDefinition("probe_backlog", "Messages in the queue.", .both)
    private static let unread = MetricDefinition("probe_unread", "Not for this page.", .onDemand)
    private static let end = Date(timeIntervalSince1970: 1_800_000_000)

    private static func state(
        _ name: String, server: String = "mbx01", result: (inout Outcome) -> Void = { _ in }, type: ResultType? = .succeeded, at: Date = end
    ) -> ProbeState {
        let location = SourceLocation(path: "x.yaml")
        let key = ProbeKey(identity: ProbeIdentity(healthSet: "OAuth", name: name), site: .server(server))
        var state = ProbeState(
            key: key,
            definition: ProbeDefinition(
                identity: key.identity, kind: StubKind("k").configured, summary: "", scope: .server(role: .mailbox),
                every: .seconds(300), timeout: .seconds(30), location: location))
        guard let type else { return state }
        var outcome = Outcome()
        result(&outcome)
        state.record(
            ProbeResult(key: key, kind: "k", start: at, end: at, duration: .milliseconds(250), type: type, outcome: outcome)
        )
        return state
    }

    private static func certificate(_ server: String, lastSeen: Date = end) -> Observation {
        let facts = CertificateFacts(
            thumbprint: Thumbprint("7595DBDEA83DACB5757441D44899BCDB9911253C") ?? { preconditionFailure("a thumbprint") }(),
            fingerprintSHA256: "ab",
            subject: "", issuer: "", serialNumber: "", notBefore: Date(timeIntervalSince1970: 1_700_000_000), notAfter: end, keyType: .rsa,
            keyBits: 2048,
            signatureAlgorithm: "")
        return .oauthCertificate(
            OAuthCertificate(
                server: server, source: server.isEmpty ? .exported : .published, slot: .current, facts: facts, lastSeen: lastSeen))
    }

    @Test("the whole text of two probes, one failing, one not yet run")
    func golden() {
        let page = MetricsPage()
        page.changed(
            .updated(
                Self.state(
                    "A\"B",
                    result: { outcome in
                        outcome.stages = [
                            StageRecord(stage: .tls, verdict: .failed, duration: .milliseconds(10)),
                            StageRecord(stage: .metadata, verdict: .notRun),
                        ]
                        outcome.findings = [Finding(.failure, stage: .tls, reason: .certificateExpired, sentence: "")]
                        outcome.sampleValue = -2.5
                        outcome.observations = [
                            Self.certificate("mbx01"), .measurement(Self.backlog(7, [("queue", "poison")])),
                            .measurement(Self.drift(2, [("server", "")])), .measurement(Self.unread(3)),
                        ]
                    }, type: .failed)))
        page.changed(.updated(Self.state("Waiting", type: nil)))
        let text = page.text(.text)
        let labels = #"health_set="OAuth",probe="A\"B",server="mbx01",target="",address="""#
        let waiting = #"health_set="OAuth",probe="Waiting",server="mbx01",target="",address="""#
        let copy = #"server="mbx01",source="published",slot="current",thumbprint="7595DBDEA83DACB5757441D44899BCDB9911253C""#
        func family(_ name: String, _ help: String, type: String = "gauge", _ samples: String...) -> [String] {
            ["# HELP \(name) \(help)", "# TYPE \(name) \(type)"] + samples.joined(separator: "\n").split(separator: "\n").map { name + $0 }
        }
        func runs(_ labels: String, failed: Int) -> String {
            ResultType.allCases.map { "{\(labels),result_type=\"\($0.name)\"} \($0 == .failed ? failed : 0)" }.joined(separator: "\n")
        }
        let expected: [[String]] = [
            family("health_probe_backlog", "Messages in the queue.", "{\(labels),queue=\"poison\"} 7"),
            family("health_probe_duration_seconds", "Duration of the run.", "{\(labels)} 0.25"),
            family("health_probe_interval_seconds", "Configured interval between runs.", "{\(labels)} 300", "{\(waiting)} 300"),
            family(
                "health_probe_judged",
                "1 if the last run reached a verdict, 0 if it could not run or could not judge; health_probe_success is then absent.",
                "{\(labels)} 1"),
            family("health_probe_last_run_timestamp_seconds", "Time the last run ended.", "{\(labels)} 1800000000"),
            family(
                "health_probe_reason_info", "Reason why the run failed, warned or could not judge.",
                "{\(labels),stage=\"tls\",reason=\"certificate_expired\",severity=\"failure\"} 1"),
            family(
                "health_probe_result_type",
                "Result of the run: 1 Timeout, 2 Poisoned, 3 Succeeded, 4 Failed, 5 Quarantined, 6 Rejected.", "{\(labels)} 4"),
            family(
                "health_probe_runs_total", "Number of runs by result type.", type: "counter", runs(labels, failed: 1),
                runs(waiting, failed: 0)),
            family(
                "health_probe_sample_value", "Value measured by the last run; its meaning depends on the probe.", "{\(labels)} -2.5"),
            family("health_probe_stage_duration_seconds", "Duration of each stage of the run.", "{\(labels),stage=\"tls\"} 0.01"),
            family("health_probe_success", "1 if the run succeeded, 0 if not.", "{\(labels)} 0"),
            family("oauth_certificate_drift", "Drift.", #"{server=""} 2"#),
            family("oauth_certificate_key_size", "Key size of each copy of the OAuth certificate, in bits.", "{\(copy)} 2048"),
            family(
                "oauth_certificate_last_seen_timestamp_seconds", "Time each copy of the OAuth certificate was last seen.",
                "{\(copy)} 1800000000"),
            family(
                "oauth_certificate_not_after_timestamp_seconds", "notAfter of each copy of the OAuth certificate.",
                "{\(copy)} 1800000000"),
            family(
                "oauth_certificate_not_before_timestamp_seconds", "notBefore of each copy of the OAuth certificate.",
                "{\(copy)} 1700000000"),
        ]
        let lines = text.split(separator: "\n").map(String.init)
        for (line, wanted) in zip(lines, expected.joined()) { #expect(line == wanted) }
        #expect(lines.count == expected.joined().count && text.hasSuffix("\n"))
    }

    @Test("a copy that several probes saw is written once, by the result that came last, though the clock was set back before it")
    func shared() {
        let page = MetricsPage()
        func seen() -> [Substring] {
            page.text(.text).split(separator: "\n").filter { $0.hasPrefix("oauth_certificate_last_seen") }.map { $0.suffix(10) }
        }
        let first = Self.state("A", server: "mbx02", result: { $0.observations = [Self.certificate("", lastSeen: Self.end)] })
        page.changed(.updated(first))
        let earlier = Self.end - 60
        page.changed(.updated(Self.state("B", result: { $0.observations = [Self.certificate("", lastSeen: earlier)] }, at: earlier)))
        #expect(seen() == ["1799999940"])
        // Told again, with no new result.
        page.changed(.updated(first))
        #expect(seen() == ["1799999940"])
    }

    @Test("a probe that is gone takes its series with it; one that could not judge has no success")
    func absence() {
        let page = MetricsPage()
        let state = Self.state("A", type: .rejected)
        page.changed(.updated(state))
        var text = page.text(.text)
        #expect(!text.contains("health_probe_success{") && text.contains("health_probe_judged{") && text.contains("} 6\n"))
        page.changed(.removed(state.key))
        text = page.text(.text)
        #expect(text.isEmpty)
    }

    @Test("OpenMetrics names a counter's family without its suffix and ends with EOF")
    func openMetrics() {
        let page = MetricsPage()
        page.changed(.updated(Self.state("A")))
        let text = page.text(.openMetrics)
        #expect(text.contains("# TYPE health_probe_runs counter\n") && text.contains("\nhealth_probe_runs_total{"))
        #expect(text.hasSuffix("# EOF\n"))
    }

    @Test("where it is asked for, OpenMetrics says since when each counter and histogram counts, and the other format does not")
    func created() throws {
        let page = MetricsPage(created: Self.end)
        page.changed(.updated(Self.state(#"A } "b" c"#)))
        var text = MetricText()
        text.header("lateness_seconds", type: "histogram", help: "Delay.", format: .openMetrics)
        text.sample("lateness_seconds_bucket", [("le", "1")], 2)
        text.sample("lateness_seconds_sum", [], 0.5)
        text.sample("lateness_seconds_count", [], 2)
        text.header("skipped_total", type: "counter", help: "Runs skipped.", format: .openMetrics)
        text.sample("skipped_total", [], 7)
        text.header("job_count", type: "gauge", help: "Not a histogram.", format: .openMetrics)
        text.sample("job_count", [], 1)
        let written = page.parts(.openMetrics) { $0.append(text.bytes) }.map { String(buffer: $0) }.joined()
        let lines = written.split(separator: "\n").map(String.init)
        let begun = lines.filter { $0.contains("_created") }
        #expect(begun.count == ResultType.allCases.count + 2 && begun.allSatisfy { $0.hasSuffix(" 1800000000") })
        for type in ResultType.allCases {
            let labels = #"{health_set="OAuth",probe="A } \"b\" c",server="mbx01",target="",address="",result_type="\#(type.name)"}"#
            let sample = "health_probe_runs_total\(labels) \(type == .succeeded ? 1 : 0)"
            let index = try #require(lines.firstIndex(of: sample), "\(lines)")
            #expect(lines[index + 1] == "health_probe_runs_created\(labels) 1800000000")
        }
        #expect(written.contains("\nlateness_seconds_count 2\nlateness_seconds_created 1800000000\n# HELP skipped "))
        #expect(written.contains("\nskipped_total 7\nskipped_created 1800000000\n"))
        #expect(written.hasSuffix("\njob_count 1\n# EOF\n"))
        #expect(!page.text(.text).contains("_created"))
        let plain = MetricsPage()
        plain.changed(.updated(Self.state("A")))
        #expect(!plain.text(.openMetrics).contains("_created"))
    }

    @Test(
        "pieces compressed apart are one gzip stream that the real gzip reads and checks",
        arguments: [[], [""], ["a"], ["abc", "", "de"], ["x" * 200_000, "tail\n"]])
    func gzip(texts: [String]) async throws {
        let directory = try TemporaryDirectory()
        let pieces = try texts.map { try #require(Gzip.piece(Array($0.utf8))) }
        let file = try directory.write("page.gz", bytes: Gzip.join(pieces))
        let ended = try await Program.run("gzip", ["-dc", file])
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.output == texts.joined())
    }

    @Test("what is compressed changes with what is told")
    func fresh() async throws {
        let page = MetricsPage()
        let directory = try TemporaryDirectory()
        for name in ["First", "Second"] {
            page.changed(.updated(Self.state(name)))
            let file = try directory.write(name, bytes: try #require(page.compressed(.text) { $0.write("own 1\n") }))
            let text = try await Program.run("sh", ["-c", "gzip -dc < \(file)"]).output
            #expect(text == page.text(.text) + "own 1\n")
            #expect(text.contains("probe=\"\(name)\""))
        }
    }
}

private func * (text: String, count: Int) -> String { String(repeating: text, count: count) }
