import FoundationEssentials
import Monitoring
import Probing
import Synchronization

/// The samples of one probe, encoded when its state changes, and separately those that other probes may report too.
///
/// There may be a hundred thousand fragments: each stores the labels common to its samples once, and no family names.
struct ProbeFragment: Sendable {
    struct SharedSample: Sendable {
        var metric: MetricDefinition
        var series: String
        var line: [UInt8] = []

        init(_ sample: Measurement) {
            metric = sample.metric
            series = MetricText.series(metric.name, sample.labels)
            MetricText.write(metric.name.utf8, sample.labels, sample.value, to: &line)
        }
    }

    /// The metrics that are not shared.
    let layout: FragmentLayout
    /// One allocation: where each metric of the layout starts, and the end, as `UInt32`; the common labels, `health_set="Web",...,address=""`;
    /// the remainder of each sample line: `,stage="tls"} 0.01`.
    private let bytes: [UInt8]
    private let ownSize: UInt32
    /// Result types that no run has had, as bits: their samples are the same for every probe, and not in `bytes`.
    private let unseen: UInt8
    let shared: [SharedSample]
    /// Time of the shared samples; of several with the same series, the newest is used.
    let seen: Date

    /// Total length in bytes of the samples that are not shared, when written by `write`.
    var size: Int { Int(ownSize) }

    init(_ state: ProbeState, _ layouts: FragmentLayouts, _ compatibility: Set<Compatibility>) {
        seen = state.latest?.end ?? .distantPast
        let measurements = state.measurements + CompatibleNames.measurements(compatibility, of: state)
        shared = measurements.filter { $0.metric.exposure == .shared }.map(SharedSample.init)
        let own = measurements.filter { $0.metric.exposure == .scheduled || $0.metric.exposure == .both }
        // Always there: the counters of runs that are zero are not measured.
        var metrics = [MetricDefinition.runs]
        // Positions, because samples would be retained and released for each comparison.
        let positions = own.map { sample in
            if let position = metrics.firstIndex(of: sample.metric) { return position }
            metrics.append(sample.metric)
            return metrics.count - 1
        }
        layout = layouts.layout(metrics)
        unseen = ResultType.allCases.reduce(0) { state.runs[$1] == 0 ? $0 | 1 << $1.rawValue : $0 }

        let table = (metrics.count + 1) * MemoryLayout<UInt32>.size
        var bytes = [UInt8](repeating: 0, count: table)
        bytes.reserveCapacity(2048)
        let identity = state.key.identity
        MetricText.writeLabels(
            [
                ("health_set", identity.healthSet), ("probe", identity.name), ("server", state.key.server),
                ("target", identity.target ?? ""), ("address", state.key.address),
            ], to: &bytes)
        let labels = bytes.count - table
        var size = 0
        for type in ResultType.allCases where unseen & 1 << type.rawValue != 0 {
            size += Self.zeroRuns[type.rawValue].count + MetricDefinition.runs.scheduledName.utf8.count + 1 + labels
        }
        for (index, metric) in metrics.enumerated() {
            let start = bytes.count
            bytes.withUnsafeMutableBytes {
                $0.storeBytes(of: UInt32(start), toByteOffset: index * MemoryLayout<UInt32>.size, as: UInt32.self)
            }
            for position in positions.indices where positions[position] == index {
                MetricText.writeRest(own[position].labels, own[position].value, to: &bytes)
                size += metric.scheduledName.utf8.count + 1 + labels
            }
            size += bytes.count - start
        }
        let end = UInt32(bytes.count)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: end, toByteOffset: metrics.count * MemoryLayout<UInt32>.size, as: UInt32.self) }
        // Copied, because the spare capacity would be kept.
        self.bytes = bytes.withUnsafeBytes { Array($0) }
        ownSize = UInt32(size)
    }

    /// Passes the samples of a metric to `take` in pieces: for each the name with the opening brace, the labels, and the rest of the line.
    /// - Parameter index: the position of the metric in the layout.
    func write(_ index: Int, name: UnsafeRawBufferPointer, isRuns: Bool, _ take: (UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes { all in
            func start(_ index: Int) -> Int { Int(all.loadUnaligned(fromByteOffset: index * MemoryLayout<UInt32>.size, as: UInt32.self)) }
            let labels = UnsafeRawBufferPointer(rebasing: all[(layout.metrics.count + 1) * MemoryLayout<UInt32>.size..<start(0)])
            var rests = all[start(index)..<start(index + 1)]
            func writeNext() -> Bool {
                guard let end = rests.firstIndex(of: UInt8(ascii: "\n")) else { return false }
                take(name)
                take(labels)
                take(UnsafeRawBufferPointer(rebasing: rests[...end]))
                rests = rests[(end + 1)...]
                return true
            }
            guard isRuns else {
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
        for type in ResultType.allCases { MetricText.writeRest([("result_type", type.name)], 0, to: &lines[type.rawValue]) }
        return lines
    }()
}

/// The metrics of a fragment, in its order. Most fragments have one of a few layouts, so they share them.
final class FragmentLayout: Sendable {
    let metrics: [MetricDefinition]

    fileprivate init(_ metrics: [MetricDefinition]) { self.metrics = metrics }
}

/// The layouts of a page's fragments.
final class FragmentLayouts: Sendable {
    private let known = Mutex<[[MetricDefinition]: FragmentLayout]>([:])

    func layout(_ metrics: [MetricDefinition]) -> FragmentLayout {
        known.withLock { known in
            if let layout = known[metrics] { return layout }
            let layout = FragmentLayout(metrics)
            known[metrics] = layout
            return layout
        }
    }
}
