package import FoundationEssentials
package import Monitoring
package import NIOCore
import Probing
import Synchronization

/// The text of `/metrics`: per-probe fragments, joined by family on each scrape, families sorted by name; then the agent's own metrics.
///
/// A fragment is encoded when its result arrives; the joined text is cached until a probe changes. A scrape never waits for a probe.
package final class MetricsPage: ResultObserver, Sendable {
    private struct State {
        var fragments: [ProbeKey: ProbeFragment] = [:]
        var order: [ProbeKey]?
        var shared = SharedSeries()
        /// Incremented when a probe is added or removed.
        var arrivals = 0
        var joined: [MetricText.Format: ByteBuffer] = [:]
        var compressed: [MetricText.Format: Gzip.Piece] = [:]
        /// Incremented on every change: text joined or compressed outside the lock is cached only if nothing has changed meanwhile.
        var changes = 0

        mutating func change() {
            joined = [:]
            compressed = [:]
            changes += 1
        }
    }

    private let state = Mutex(State())
    private let layouts = FragmentLayouts()
    private let compatibility: Set<Compatibility>
    private let created: Date?

    /// - Parameters:
    ///   - compatibility: under whose names certificates are exposed too.
    ///   - created: when all counters were zero, said of each in OpenMetrics; nil to leave it out.
    package init(_ compatibility: Set<Compatibility> = [], created: Date? = nil) {
        self.compatibility = compatibility
        self.created = created
    }

    /// Updates or removes the fragment of the probe; takes effect with the next scrape.
    package func changed(_ change: CacheChange) {
        switch change {
        case .adopted, .ran, .moved, .escalated, .decided, .expired: break
        case .updated(let probe):
            let fragment = ProbeFragment(probe, layouts, compatibility)
            state.withLock { state in
                let older = state.fragments.updateValue(fragment, forKey: probe.key)
                if let older {
                    state.shared.remove(older, of: probe.key)
                } else {
                    state.order = nil
                    state.arrivals += 1
                }
                state.shared.add(fragment, of: probe.key, isNew: older?.seen != fragment.seen)
                state.change()
            }
        case .removed(let key):
            state.withLock { state in
                if let older = state.fragments.removeValue(forKey: key) { state.shared.remove(older, of: key) }
                state.order = nil
                state.arrivals += 1
                state.change()
            }
        }
    }

    /// The page in parts, to avoid copying: the families of the probes, then the agent's own.
    /// - Parameter agent: writes the agent's own families.
    package func parts(_ format: MetricText.Format, agent: (inout MetricText) -> Void) -> [ByteBuffer] {
        [probes(format), ByteBuffer(bytes: own(format, agent))]
    }

    /// The page as one gzip stream; the compressed part of the probes is cached until a probe changes.
    /// - Parameter agent: writes the agent's own families.
    /// - Returns: nil if zlib reports an error.
    package func compressed(_ format: MetricText.Format, agent: (inout MetricText) -> Void) -> [UInt8]? {
        guard let probes = compressedProbes(format), let own = Gzip.piece(own(format, agent)) else { return nil }
        return Gzip.join([probes, own])
    }

    private func compressedProbes(_ format: MetricText.Format) -> Gzip.Piece? {
        let (known, changes) = state.withLock { ($0.compressed[format], $0.changes) }
        if let known { return known }
        guard let piece = Gzip.piece(probes(format).readableBytesView) else { return nil }
        state.withLock { state in
            if state.changes == changes { state.compressed[format] = piece }
        }
        return piece
    }

    private func own(_ format: MetricText.Format, _ agent: (inout MetricText) -> Void) -> [UInt8] {
        var text = MetricText()
        agent(&text)
        guard format == .openMetrics else { return text.bytes }
        return (created.map { CreatedSamples.added(to: text.bytes, since: $0) } ?? text.bytes) + "# EOF\n".utf8
    }

    private enum Step {
        case known(ByteBuffer)
        case sort([ProbeKey], arrivals: Int)
        case join([ProbeFragment], shared: [MetricDefinition: [[UInt8]]], changes: Int)
    }

    /// Sorts and joins outside the lock, so that `changed` does not wait for a scrape.
    private func probes(_ format: MetricText.Format) -> ByteBuffer {
        var sorted: [ProbeKey]?
        while true {
            let step = state.withLock { state -> Step in
                if let joined = state.joined[format] { return .known(joined) }
                // One sorted a moment ago may lack a probe that has just come: it is on the next page.
                guard let order = state.order ?? sorted else { return .sort(Array(state.fragments.keys), arrivals: state.arrivals) }
                return .join(order.compactMap { state.fragments[$0] }, shared: state.shared.current(), changes: state.changes)
            }
            switch step {
            case .known(let joined): return joined
            case .sort(let keys, let arrivals):
                let order = keys.sorted()
                sorted = order
                state.withLock { state in
                    if state.arrivals == arrivals { state.order = order }
                }
            case .join(let fragments, let shared, let changes):
                var joined = Self.join(fragments, shared: shared, format)
                if format == .openMetrics, let created {
                    joined = ByteBuffer(bytes: CreatedSamples.added(to: joined.readableBytesView, since: created))
                }
                state.withLock { state in
                    if state.changes == changes { state.joined[format] = joined }
                }
                return joined
            }
        }
    }

    /// A metric's samples on the page.
    private struct Family {
        var metric: MetricDefinition
        /// By number of the layout, the metric's position in it; nil if it does not have the metric.
        var positions: [Int?] = []
        var shared: [[UInt8]] = []
        var header: [UInt8] = []
    }

    private static func families(
        of layouts: [FragmentLayout], shared: [MetricDefinition: [[UInt8]]], _ format: MetricText.Format
    ) -> [Family] {
        let metrics = Set(layouts.flatMap(\.metrics)).union(shared.keys)
        return metrics.sorted { $0.scheduledName < $1.scheduledName }.map { metric in
            var text = MetricText()
            text.header(metric.scheduledName, type: metric.type, help: metric.help, format: format)
            return Family(
                metric: metric, positions: layouts.map { $0.metrics.firstIndex(of: metric) }, shared: shared[metric] ?? [],
                header: text.bytes)
        }
    }

    /// Copies encoded bytes only; no value is formatted during a scrape.
    private static func join(
        _ fragments: [ProbeFragment], shared: [MetricDefinition: [[UInt8]]], _ format: MetricText.Format
    ) -> ByteBuffer {
        // Numbered once, because the loop below looks at each fragment for each family.
        var layouts: [FragmentLayout] = []
        var numbers: [ObjectIdentifier: Int] = [:]
        let layoutNumbers = fragments.map { fragment in
            let identifier = ObjectIdentifier(fragment.layout)
            if let number = numbers[identifier] { return number }
            numbers[identifier] = layouts.count
            layouts.append(fragment.layout)
            return layouts.count - 1
        }
        let families = families(of: layouts, shared: shared, format)
        let size =
            fragments.reduce(0) { $0 + $1.size }
            + families.reduce(0) { $0 + $1.header.count + $1.shared.reduce(0) { $0 + $1.count } }
        var buffer = ByteBufferAllocator().buffer(capacity: size)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { target in
            var writer = BufferWriter(target: target)
            for family in families {
                writer.copy(family.header)
                for line in family.shared { writer.copy(line) }
                guard family.metric.exposure != .shared else { continue }
                Array((family.metric.scheduledName + "{").utf8).withUnsafeBytes { name in
                    for (fragment, number) in zip(fragments, layoutNumbers) {
                        guard let position = family.positions[number] else { continue }
                        fragment.write(position, name: name, isRuns: family.metric == .runs) { writer.copy($0) }
                    }
                }
            }
            return writer.filled
        }
        return buffer
    }

    private struct BufferWriter {
        let target: UnsafeMutableRawBufferPointer
        var filled = 0

        mutating func copy(_ bytes: [UInt8]) { bytes.withUnsafeBytes { copy($0) } }

        mutating func copy(_ bytes: UnsafeRawBufferPointer) {
            guard !bytes.isEmpty else { return }
            UnsafeMutableRawBufferPointer(rebasing: target[filled...]).copyMemory(from: bytes)
            filled += bytes.count
        }
    }
}

/// Series that several probes report: each has one line, that of the result that came last, whatever the clock said at its end.
private struct SharedSeries {
    private struct Line {
        var bytes: [UInt8]
        /// The probes that report this series; it is removed with the last of them.
        var reporters: Set<ProbeKey>
    }

    private typealias Family = [String: Line]

    private var families: [MetricDefinition: Family] = [:]
    /// The lines of each family, sorted by series; without the families that have changed.
    private var ordered: [MetricDefinition: [[UInt8]]] = [:]

    /// - Parameter isNew: whether the fragment has a result that was not added before.
    mutating func add(_ fragment: ProbeFragment, of key: ProbeKey, isNew: Bool) {
        for sample in fragment.shared {
            // Changed in place: a copy would copy the set of reporters.
            families[sample.metric, default: [:]][sample.series, default: Line(bytes: [], reporters: [])].reporters.insert(key)
            guard let line = families[sample.metric]?[sample.series]?.bytes, isNew || line.isEmpty, line != sample.line else { continue }
            families[sample.metric]?[sample.series]?.bytes = sample.line
            ordered[sample.metric] = nil
        }
    }

    mutating func remove(_ fragment: ProbeFragment, of key: ProbeKey) {
        for sample in fragment.shared {
            families[sample.metric]?[sample.series]?.reporters.remove(key)
            guard families[sample.metric]?[sample.series]?.reporters.isEmpty == true else { continue }
            families[sample.metric]?[sample.series] = nil
            ordered[sample.metric] = nil
        }
    }

    /// The lines of each family that has any, sorted by series.
    mutating func current() -> [MetricDefinition: [[UInt8]]] {
        for (metric, family) in families where ordered[metric] == nil {
            ordered[metric] = family.sorted { $0.key < $1.key }.map(\.value.bytes)
        }
        return ordered.filter { !$0.value.isEmpty }
    }
}
