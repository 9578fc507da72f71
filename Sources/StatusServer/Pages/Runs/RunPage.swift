import Exposition
import FoundationEssentials
import Monitoring
import Probing

/// The page of one run at `/runs/ID`: of a probe, by its request ID, or of a `/probe` request, by its number.
struct RunPage: Sendable {
    struct Sample: Sendable {
        let metric: String
        let labels: String
        let sampleText: String
    }

    private static let mostSamples = 200

    let frame: PageFrame
    let state: String
    let name: String
    let place: String?
    let result: String
    let ranAt: PageTime
    let took: String
    let reason: String?
    let sentence: String?
    /// The page of its probe; nil for a run on demand, or if the probe is not defined any more.
    let probeHref: String?
    /// The run as text, with all metrics; nil for the run of a probe.
    let textHref: String?
    let facts: [ProbePage.Fact]
    let run: RunDetails
    let remedy: RemedyText?
    let hasSamples: Bool
    let samples: [Sample]
    let moreSamples: String?
    /// Its lines as they are written, with secrets masked; none for the run of a probe.
    let hasModule: Bool
    let module: [String]

    /// A run on demand.
    init(_ run: OnDemandRun, snapshot: Snapshot, build: BuildInformation) {
        let facts = [("Module", run.module.name), ("Target", run.target), ("Timeout", DurationText.format(run.timeout))]
        let measured = run.result.outcome.facts.flatMap(\.measurements)
        self.init(
            run.result, "Run \(run.id) of module \(run.module.name)", on: run.target, facts, measured,
            links: (probe: nil, text: "../logs?id=\(run.id)"), module: run.module.masked, snapshot, build)
    }

    /// A run of a probe.
    /// - Parameter probe: nil if it is not defined any more.
    init(_ result: ProbeResult, of probe: ProbeState?, snapshot: Snapshot, build: BuildInformation) {
        var facts = [("Probe", ProbeWords.name(result.key.identity)), ("Server", result.key.server)]
        facts += [("Target", result.key.identity.target ?? ""), ("Address", result.key.address)]
        self.init(
            result, "Run of \(ProbeWords.name(result.key.identity))", on: ProbeWords.place(result.key), facts, [],
            links: (probe: probe.map { "../" + ProbeWords.path($0.key) }, text: nil), module: nil, snapshot, build)
    }

    private init(
        _ result: ProbeResult, _ name: String, on place: String?, _ about: [(String, String)], _ measured: [Measurement],
        links: (probe: String?, text: String?), module: String?, _ snapshot: Snapshot, _ build: BuildInformation
    ) {
        let now = snapshot.taken
        let standing = Standing(result)
        let title = name + (place.map { " on \($0)" } ?? "")
        frame = PageFrame(title: title, root: "../", standing: standing, snapshot: snapshot, build: build)
        (state, self.name, self.place) = (standing.rawValue, name, place)
        self.result = result.type.name
        ranAt = PageTime(result.end, at: now)
        took = ProbeRow.milliseconds(result.duration)
        reason = result.decisive?.reason.rawValue
        sentence = result.decisive?.sentence
        (probeHref, textHref) = links
        let times = [("Started", PageTime(result.start, at: now).exact), ("Ended", ranAt.exact), ("Duration", took)]
        let more = [
            ("Retries", result.retryCount > 0 ? "\(result.retryCount)" : ""),
            ("Value", result.outcome.sampleValue.map { ProbeRow.number($0) } ?? ""), ("Kind", result.kind),
            ("Request ID", result.requestID.description),
        ]
        facts = (about + times + more).filter { !$0.1.isEmpty }.map { ProbePage.Fact($0.0, $0.1) }
        run = RunDetails("Stages", result, root: frame.root)
        remedy = result.decisive.map { RemedyText($0.remedy(on: result.key.server, isTarget: module != nil || result.key.isTarget)) }
        let all = measured + result.outcome.observations.flatMap(\.measurements)
        samples = all.prefix(Self.mostSamples).map { Sample($0, isOnDemand: module != nil) }
        hasSamples = !samples.isEmpty
        moreSamples = all.count > samples.count ? "and \(all.count - samples.count) more" : nil
        self.module = module?.split(separator: "\n").map(String.init) ?? []
        hasModule = !self.module.isEmpty
    }
}

extension RunPage.Sample {
    /// - Parameter isOnDemand: whether the metric has the name that it has in the answer of `/probe`, or that in `/metrics`.
    fileprivate init(_ sample: Measurement, isOnDemand: Bool) {
        metric = isOnDemand ? sample.metric.name : sample.metric.scheduledName
        labels = sample.labels.map { "\($0.0)=\($0.1)" }.joined(separator: ", ")
        let isDate = metric.hasSuffix("_timestamp_seconds") && (1...253_402_300_799).contains(sample.value)
        sampleText =
            isDate
            ? PageTime(Date(timeIntervalSince1970: sample.value), at: .distantPast).exact
            : sample.value == sample.value.rounded() && abs(sample.value) < 1e15 ? "\(Int(sample.value))" : "\(sample.value)"
    }
}
