import Certificates
import FoundationEssentials
import HealthManager

/// The samples of one probe, encoded once when its state changes: one run of bytes with the offsets of its families, and
/// beside it the samples that other probes may tell as well.
struct ProbeFragment: Sendable {
    struct SharedSample: Sendable {
        var family: MetricFamily
        var series: String
        var line: [UInt8]
    }

    private(set) var bytes: [UInt8] = []
    /// Where each family of the probe's own begins in `bytes`; the last entry is the end.
    private(set) var offsets: [Int] = []
    private(set) var shared: [SharedSample] = []
    /// When the shared samples were seen; the newest of equal series wins.
    let seen: Date

    init(_ state: ProbeState) {
        seen = state.latest?.end ?? .distantPast
        var families: [[UInt8]] = Array(repeating: [], count: MetricFamily.ownCount)
        encode(state, into: &families)
        for family in families {
            offsets.append(bytes.count)
            bytes += family
        }
        offsets.append(bytes.count)
    }

    private mutating func encode(_ state: ProbeState, into own: inout [[UInt8]]) {
        let identity = state.key.identity
        let labels = [
            ("health_set", identity.healthSet), ("probe", identity.name), ("server", state.key.server), ("target", identity.target ?? ""),
            ("address", state.key.address),
        ]
        add(&own, .interval, labels, state.definition.every.seconds)
        for type in ResultType.allCases { add(&own, .runs, labels + [("result_type", type.name)], Double(state.runs[type])) }
        guard let result = state.latest else { return }
        let judges = ![.rejected, .quarantined].contains(result.type)
        if judges { add(&own, .success, labels, result.type == .succeeded ? 1 : 0) }
        add(&own, .judged, labels, judges ? 1 : 0)
        add(&own, .duration, labels, result.duration.seconds)
        add(&own, .resultType, labels, Double(result.type.rawValue))
        add(&own, .lastRun, labels, result.end.timeIntervalSince1970)
        if let success = state.lastSuccess { add(&own, .lastSuccess, labels, success.timeIntervalSince1970) }
        if let sample = result.outcome.sampleValue { add(&own, .sampleValue, labels, sample) }
        if let finding = result.decisive {
            add(
                &own, .reason,
                labels + [("stage", finding.stage.rawValue), ("reason", finding.reason.rawValue), ("severity", finding.severity.rawValue)],
                1)
        }
        for stage in result.outcome.stages where stage.verdict != .notRun {
            add(&own, .stageDuration, labels + [("stage", stage.stage.rawValue)], stage.duration.seconds)
        }
        for observation in result.outcome.observations { add(&own, observation, labels) }
        let ends = result.outcome.observations.compactMap { if case .peerCertificate(_, _, let facts) = $0 { facts.notAfter } else { nil } }
        if let earliest = ends.min() { add(&own, .earliestExpiry, labels, earliest.timeIntervalSince1970) }
    }

    private mutating func add(_ own: inout [[UInt8]], _ observation: Observation, _ labels: [(String, String)]) {
        switch observation {
        case .httpPhases(let phases):
            for phase in Observation.HTTPPhase.allCases {
                if let duration = phases[phase] { add(&own, .httpDuration, labels + [("phase", phase.rawValue)], duration.seconds) }
            }
        case .peerCertificate(let stage, let depth, let facts):
            guard depth < 10 else { return }
            let further = [("stage", stage.rawValue), ("depth", String(depth)), ("fingerprint_sha256", facts.fingerprintSHA256)]
            add(&own, .peerNotAfter, labels + further, facts.notAfter.timeIntervalSince1970)
            add(&own, .peerKeySize, labels + further, Double(facts.keyBits))
        case .oauthCertificate(let copy):
            let labels = [
                ("server", copy.server), ("source", copy.source.rawValue), ("slot", copy.slot.rawValue),
                ("thumbprint", copy.facts.thumbprint.description),
            ]
            add(&own, .oauthNotAfter, labels, copy.facts.notAfter.timeIntervalSince1970)
            add(&own, .oauthNotBefore, labels, copy.facts.notBefore.timeIntervalSince1970)
            add(&own, .oauthKeySize, labels, Double(copy.facts.keyBits))
            add(&own, .oauthLastSeen, labels, copy.lastSeen.timeIntervalSince1970)
        case .resolution, .tls, .http, .conversation, .dns, .ping, .grpc, .webSocket: break
        case .drift(let drift):
            add(&own, .drift, [("server", drift.server), ("source", drift.source.rawValue)], Double(drift.state.rawValue))
        case .metadataReachable(let server, let isReachable):
            add(
                &own, .metadataReachable, [("server", server), ("document", server.isEmpty ? "auth_server" : "server")], isReachable ? 1 : 0
            )
        }
    }

    private mutating func add(_ own: inout [[UInt8]], _ family: MetricFamily, _ labels: [(String, String)], _ value: Double) {
        guard family.isShared else { return MetricText.write(family.name.utf8, labels, value, to: &own[family.rawValue]) }
        var line: [UInt8] = []
        MetricText.write(family.name.utf8, labels, value, to: &line)
        shared.append(SharedSample(family: family, series: MetricText.series(family.name, labels), line: line))
    }
}
