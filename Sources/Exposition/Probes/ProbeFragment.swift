import Certificates
import FoundationEssentials
import Monitoring
import Probing

/// The samples of one probe, encoded when its state changes, and separately those that other probes may report too.
///
/// There may be a hundred thousand fragments: each stores the labels common to its samples once, and no family names.
struct ProbeFragment: Sendable {
    struct SharedSample: Sendable {
        var family: MetricFamily
        var series: String
        var line: [UInt8]
    }

    /// The common labels, `health_set="Web",...,address=""`, then the remainder of each sample line: `,stage="tls"} 0.01`.
    private let bytes: [UInt8]
    /// Start of each non-shared family in `bytes`; the last entry is the end.
    private let offsets: [UInt32]
    /// Total length in bytes of the non-shared samples when written by `write`.
    let size: Int
    /// Result types that no run has had, as bits: their samples are the same for every probe, and not in `bytes`.
    private let unseen: UInt8
    let shared: [SharedSample]
    /// Time of the shared samples; of several with the same series, the newest is used.
    let seen: Date

    init(_ state: ProbeState) {
        seen = state.latest?.end ?? .distantPast
        let identity = state.key.identity
        var labels: [UInt8] = []
        MetricText.writeLabels(
            [
                ("health_set", identity.healthSet), ("probe", identity.name), ("server", state.key.server),
                ("target", identity.target ?? ""), ("address", state.key.address),
            ], to: &labels)
        var encoder = Encoder()
        encoder.encode(state)
        shared = encoder.shared
        var bytes = labels
        // Reserve the exact size: no spare capacity is kept.
        bytes.reserveCapacity(labels.count + encoder.own.reduce(0) { $0 + $1.count })
        var offsets: [UInt32] = []
        offsets.reserveCapacity(encoder.own.count + 1)
        unseen = ResultType.allCases.reduce(0) { state.runs[$1] == 0 ? $0 | 1 << $1.rawValue : $0 }
        var size = 0
        for type in ResultType.allCases where unseen & 1 << type.rawValue != 0 {
            size += Self.zeroRuns[type.rawValue].count + MetricFamily.runs.name.utf8.count + 1 + labels.count
        }
        for (family, rests) in zip(MetricFamily.allCases, encoder.own) {
            offsets.append(UInt32(bytes.count))
            bytes += rests
            let samples = rests.count { $0 == UInt8(ascii: "\n") }
            size += rests.count + samples * (family.name.utf8.count + 1 + labels.count)
        }
        offsets.append(UInt32(bytes.count))
        self.bytes = bytes
        self.offsets = offsets
        self.size = size
    }

    /// Passes the samples of a family to `take` in pieces: for each the name with the opening brace, the labels, and the rest of the line.
    func write(_ family: MetricFamily, name: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes { all in
            let labels = UnsafeRawBufferPointer(rebasing: all[..<Int(offsets[0])])
            var rests = all[Int(offsets[family.rawValue])..<Int(offsets[family.rawValue + 1])]
            func writeNext() -> Bool {
                guard let end = rests.firstIndex(of: UInt8(ascii: "\n")) else { return false }
                take(name)
                take(labels)
                take(UnsafeRawBufferPointer(rebasing: rests[...end]))
                rests = rests[(end + 1)...]
                return true
            }
            guard family == .runs else {
                while writeNext() {}
                return
            }
            for type in ResultType.allCases {
                guard unseen & 1 << type.rawValue != 0 else {
                    _ = writeNext()
                    continue
                }
                take(name)
                take(labels)
                Self.zeroRuns[type.rawValue].withUnsafeBytes(take)
            }
        }
    }

    /// By result type, the rest of the line that says that no run had it.
    private static let zeroRuns: [[UInt8]] = {
        let last = ResultType.allCases.map(\.rawValue).max() ?? 0
        var lines: [[UInt8]] = Array(repeating: [], count: last + 1)
        for type in ResultType.allCases { Encoder.writeRest([("result_type", type.name)], 0, to: &lines[type.rawValue]) }
        return lines
    }()
}

/// Encodes the samples of one probe.
private struct Encoder {
    /// By family, the part of each sample line after the probe's common labels.
    private(set) var own: [[UInt8]] = Array(repeating: [], count: MetricFamily.ownCount)
    private(set) var shared: [ProbeFragment.SharedSample] = []

    mutating func encode(_ state: ProbeState) {
        add(.interval, state.definition.every.seconds)
        for type in ResultType.allCases where state.runs[type] > 0 {
            add(.runs, [("result_type", type.name)], Double(state.runs[type]))
        }
        for monitor in state.monitors { add(.monitorState, [("monitor", monitor.key.name)], Double(monitor.state.rawValue)) }
        guard let result = state.latest else { return }
        let judges = ![.rejected, .quarantined].contains(result.type)
        if judges { add(.success, result.type == .succeeded ? 1 : 0) }
        add(.judged, judges ? 1 : 0)
        add(.duration, result.duration.seconds)
        add(.resultType, Double(result.type.rawValue))
        add(.lastRun, result.end.timeIntervalSince1970)
        if let success = state.lastSuccess { add(.lastSuccess, success.timeIntervalSince1970) }
        if let sample = result.outcome.sampleValue { add(.sampleValue, sample) }
        if let finding = result.decisive {
            add(
                .reason,
                [("stage", finding.stage.rawValue), ("reason", finding.reason.rawValue), ("severity", finding.severity.rawValue)],
                1)
        }
        for stage in result.outcome.stages where stage.verdict != .notRun {
            add(.stageDuration, [("stage", stage.stage.rawValue)], stage.duration.seconds)
        }
        for observation in result.outcome.observations { add(observation) }
        let ends = result.outcome.observations.compactMap {
            if case .peerCertificate(_, _, _, let facts) = $0 { facts.notAfter } else { nil }
        }
        if let earliest = ends.min() { add(.earliestExpiry, earliest.timeIntervalSince1970) }
    }

    private mutating func add(_ observation: Observation) {
        switch observation {
        case .httpPhases(let phases):
            for phase in Observation.HTTPPhase.allCases {
                if let duration = phases[phase] { add(.httpDuration, [("phase", phase.rawValue)], duration.seconds) }
            }
        case .peerCertificate(let stage, let depth, _, let facts):
            guard depth < 10 else { return }
            let further = [("stage", stage.rawValue), ("depth", String(depth)), ("fingerprint_sha256", facts.fingerprintSHA256)]
            add(.peerNotAfter, further, facts.notAfter.timeIntervalSince1970)
            add(.peerKeySize, further, Double(facts.keyBits))
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
            add(
                .metadataReachable, [("server", server), ("document", server.isEmpty ? "auth_server" : "server")], isReachable ? 1 : 0
            )
        }
    }

    private mutating func add(_ family: MetricFamily, _ value: Double) { add(family, [], value) }

    /// - Parameter labels: all labels for a shared family; otherwise only those in addition to the common ones.
    private mutating func add(_ family: MetricFamily, _ labels: [(String, String)], _ value: Double) {
        if family.isShared {
            var line: [UInt8] = []
            MetricText.write(family.name.utf8, labels, value, to: &line)
            shared.append(ProbeFragment.SharedSample(family: family, series: MetricText.series(family.name, labels), line: line))
        } else {
            Self.writeRest(labels, value, to: &own[family.rawValue])
        }
    }

    /// The part of a sample line after the common labels.
    static func writeRest(_ labels: [(String, String)], _ value: Double, to bytes: inout [UInt8]) {
        if !labels.isEmpty { bytes.append(UInt8(ascii: ",")) }
        MetricText.writeLabels(labels, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
        MetricText.writeValue(value, to: &bytes)
    }
}
