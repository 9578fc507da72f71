import Certificates
import FoundationEssentials
import HealthManager

/// The samples of one probe, encoded once when its state changes: bytes by family, and shared series by their name.
struct ProbeFragment: Sendable {
    struct SharedSample: Sendable {
        var series: String
        var line: [UInt8]
    }

    private(set) var own: [[UInt8]] = Array(repeating: [], count: MetricFamily.oauthNotAfter.rawValue)
    private(set) var shared: [[SharedSample]] = Array(
        repeating: [], count: MetricFamily.allCases.count - MetricFamily.oauthNotAfter.rawValue)
    /// When the shared samples were seen; the newest of equal series wins.
    let seen: Date

    init(_ state: ProbeState) {
        seen = state.latest?.end ?? .distantPast
        let identity = state.key.identity
        let labels = [
            ("health_set", identity.healthSet), ("probe", identity.name), ("server", state.key.server), ("target", identity.target ?? ""),
            ("address", ""),
        ]
        add(.interval, labels, state.definition.every.seconds)
        for type in ResultType.allCases { add(.runs, labels + [("result_type", type.name)], Double(state.runs[type] ?? 0)) }
        guard let result = state.latest else { return }
        let judges = ![.rejected, .quarantined].contains(result.type)
        if judges { add(.success, labels, result.type == .succeeded ? 1 : 0) }
        add(.judged, labels, judges ? 1 : 0)
        add(.duration, labels, result.duration.seconds)
        add(.resultType, labels, Double(result.type.rawValue))
        add(.lastRun, labels, result.end.timeIntervalSince1970)
        if let success = state.lastSuccess { add(.lastSuccess, labels, success.timeIntervalSince1970) }
        if let sample = result.outcome.sampleValue { add(.sampleValue, labels, sample) }
        if let finding = result.decisive {
            add(
                .reason,
                labels + [("stage", finding.stage.rawValue), ("reason", finding.reason.rawValue), ("severity", finding.severity.rawValue)],
                1)
        }
        for stage in result.outcome.stages where stage.verdict != .notRun {
            add(.stageDuration, labels + [("stage", stage.stage.rawValue)], stage.duration.seconds)
        }
        for observation in result.outcome.observations { add(observation, labels) }
        let ends = result.outcome.observations.compactMap { if case .peerCertificate(_, _, let facts) = $0 { facts.notAfter } else { nil } }
        if let earliest = ends.min() { add(.earliestExpiry, labels, earliest.timeIntervalSince1970) }
    }

    private mutating func add(_ observation: Observation, _ labels: [(String, String)]) {
        switch observation {
        case .httpPhases(let phases):
            for phase in Observation.HTTPPhase.allCases {
                if let duration = phases[phase] { add(.httpDuration, labels + [("phase", phase.rawValue)], duration.seconds) }
            }
        case .peerCertificate(let stage, let depth, let facts):
            guard depth < 10 else { return }
            let further = [("stage", stage.rawValue), ("depth", String(depth)), ("fingerprint_sha256", facts.fingerprintSHA256)]
            add(.peerNotAfter, labels + further, facts.notAfter.timeIntervalSince1970)
            add(.peerKeySize, labels + further, Double(facts.keyBits))
        case .oauthCertificate(let copy):
            let labels = [
                ("server", copy.server), ("source", copy.source.rawValue), ("slot", copy.slot.rawValue),
                ("thumbprint", copy.facts.thumbprint.description),
            ]
            add(.oauthNotAfter, labels, copy.facts.notAfter.timeIntervalSince1970)
            add(.oauthNotBefore, labels, copy.facts.notBefore.timeIntervalSince1970)
            add(.oauthKeySize, labels, Double(copy.facts.keyBits))
            add(.oauthLastSeen, labels, copy.lastSeen.timeIntervalSince1970)
        case .drift(let drift):
            add(.drift, [("server", drift.server), ("source", drift.source.rawValue)], Double(drift.state.rawValue))
        case .metadataReachable(let server, let isReachable):
            add(.metadataReachable, [("server", server), ("document", server.isEmpty ? "auth_server" : "server")], isReachable ? 1 : 0)
        }
    }

    private mutating func add(_ family: MetricFamily, _ labels: [(String, String)], _ value: Double) {
        let series = MetricText.series(family.name, labels)
        let line = Array((series + " " + MetricText.number(value) + "\n").utf8)
        if family.isShared {
            shared[family.rawValue - MetricFamily.oauthNotAfter.rawValue].append(SharedSample(series: series, line: line))
        } else {
            own[family.rawValue] += line
        }
    }
}
