import API
import Exposition
import FoundationEssentials
import HealthManager
import Logging
import Monitoring
import NIOCore
import ProbeFiles
import Probing
import TestSupport
import Testing

/// A kind that no other part of the program knows, from its definition to all that is shown of it.
@Suite(.timeLimit(.minutes(1))) struct NewKindTests {
    /// `paper`: how many sheets are left in a tray.
    private struct PaperKind: ProbeKind {
        static let name = "paper"
        static let sheetsLeft = MetricDefinition("probe_paper_sheets", "Sheets left in the tray.", .both)
        let guide = KindGuide(
            checks: ["The tray has at least 'minimum' sheets."], stages: [.config], metrics: [PaperKind.sheetsLeft],
            reasons: [.snapshotStale],
            options: [
                .init("sheets", "how many there are", settableThroughAgent: true),
                .init("minimum", "the least", settableThroughAgent: false),
            ])

        struct Options: Sendable {
            var sheets: Int
            var minimum: Int
        }

        func readOptions(_ reader: SettingsReader) -> Options {
            Options(sheets: reader.integer("sheets", in: 0...500) ?? 0, minimum: reader.integer("minimum", in: 0...500) ?? 10)
        }

        func discover(_ options: Options, at place: Place) -> Discovery {
            guard let server = place.server, server.name != "mbx03" else {
                return .notDefined(NotDefined(because: "there was no tray", configured: "there is no tray"))
            }
            return .probe(PaperProbe(options: options))
        }
    }

    private struct PaperProbe: Probe {
        let options: PaperKind.Options

        func run(_ context: RunContext) async -> Outcome {
            var outcome = Outcome()
            outcome.stages = [StageRecord(stage: .config, verdict: .passed)]
            outcome.sampleValue = Double(options.sheets)
            outcome.observations = [.measurement(PaperKind.sheetsLeft(options.sheets))]
            if options.sheets < options.minimum {
                outcome.findings = [
                    Finding(.failure, stage: .config, reason: .snapshotStale, sentence: "\(options.sheets) sheets are left")
                ]
            }
            return outcome
        }
    }

    private let directory: TemporaryDirectory
    private let kinds = KindCatalog([PaperKind()])
    private let time = ManualTime()

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("agent.yaml", "stateDirectory: state\nservers: [{ name: mbx01 }, { name: mbx02 }, { name: mbx03 }]\n")
        try define("sheets: 3")
    }

    private func define(_ options: String) throws {
        try directory.write(
            "probes/paper.yaml",
            """
            healthSet: Office
            name: Paper
            kind: paper
            summary: Is there paper?
            every: 60s
            timeout: 5s
            options: { \(options) }
            monitors: [{ name: PaperMonitor, when: { consecutiveFailures: 1 } }]

            """)
    }

    private var files: PlanFiles {
        PlanFiles(configurationPath: directory.path + "/agent.yaml", probesDirectory: directory.path + "/probes")
    }

    @Test("a definition of a new kind becomes probes, results, states, metrics and documents, with nothing but the kind in the catalog")
    func shown() async throws {
        let (files, kinds, time) = (files, kinds, time)
        let page = MetricsPage()
        let manager = try HealthManager(
            ManagerServices(
                kinds: kinds, readPlan: { () throws(ConfigurationRefused) in try files.read(kinds: kinds) },
                configurationPath: files.configurationPath ?? "", time: time,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
            observers: [page])
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await manager.run() }
            let isDone = await eventually(within: .seconds(60), every: .milliseconds(1)) {
                time.advance(by: .milliseconds(100))
                return await manager.snapshot().probes.allSatisfy { $0.latest != nil }
            }
            #expect(isDone)
            group.cancelAll()
        }
        let snapshot = await manager.snapshot()
        let probes = ProbeDocument.all(in: snapshot)
        #expect(probes.map(\.server) == ["mbx01", "mbx02", "mbx03"] && probes.map(\.defined) == [true, true, false])
        #expect(probes.allSatisfy { $0.kind == "paper" && $0.summary == "Is there paper?" && $0.everySeconds == 60 })
        #expect(probes[0].resultType == "Failed" && probes[2].notDefined?.hasPrefix("there was no tray when") == true)

        let results = snapshot.probes.compactMap(\.latest).map { ResultDocument($0) }
        #expect(results.map(\.server) == ["mbx01", "mbx02"] && results.allSatisfy { $0.kind == "paper" && $0.sampleValue == 3 })
        #expect(results.allSatisfy { $0.error == "3 sheets are left" && $0.reason == "snapshot_stale" && $0.failedStage == "config" })

        let monitors = HealthReport(snapshot).monitors
        #expect(monitors.map(\.monitorIdentity) == ["Office\\PaperMonitor", "Office\\PaperMonitor"])
        #expect(monitors.allSatisfy { $0.alertValue == "Degraded" && $0.remedy?.isEmpty == false })

        let text = page.parts(.text) { _ in }.map { String(buffer: $0) }.joined()
        let samples = try MetricsText(text).samples
        let labels = #"address="",health_set="Office",probe="Paper",server="mbx01",target="""#
        #expect(samples["health_probe_sample_value{\(labels)}"] == 3 && samples["health_probe_success{\(labels)}"] == 0)
        #expect(samples["health_probe_paper_sheets{\(labels)}"] == 3)
        let reason = samples.keys.filter { $0.hasPrefix("health_probe_reason_info{") && $0.contains("snapshot_stale") }
        #expect(reason.count == 2)

        // A run on request with an option of its own, which others do not know either.
        let request = InvokeRequest(probe: "paper", servers: ["mbx01"], set: ["sheets": "200"])
        let answer = await Invoker(manager).invoke(request, remote: true)
        #expect(answer.results.map(\.type) == [.succeeded] && answer.results.first?.outcome.sampleValue == 200)
        let refused = await Invoker(manager).invoke(InvokeRequest(probe: "paper", servers: ["mbx01"], set: ["minimum": "0"]), remote: true)
        #expect(refused.refusals.first?.sentence.contains("can't be set through an agent") == true)
    }

    @Test(
        "a mistake in its options is reported with the place and what the kind accepts",
        arguments: [
            ("sheets: many", "probes/paper.yaml:7:20: error: 'sheets' must be"),
            ("colour: red", "probes/paper.yaml:7:12: error: unknown key 'colour'"),
        ])
    func mistake(options: String, diagnostic: String) throws {
        try define(options)
        let found = files.diagnostics(kinds: kinds).map(\.description)
        #expect(found.count == 1 && found[0].contains(diagnostic), "\(found)")
        #expect(throws: ConfigurationRefused.self) { try files.read(kinds: kinds) }
    }

    @Test("without the kind in the catalog the same definition is refused, and the known kinds are named")
    func unknown() {
        let found = files.diagnostics(kinds: KindCatalog([])).map(\.description)
        #expect(found.count == 1 && found[0].contains("probes/paper.yaml:3:7: error: unknown kind 'paper'"), "\(found)")
    }
}
