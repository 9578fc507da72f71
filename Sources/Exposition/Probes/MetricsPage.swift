import FoundationEssentials
package import Monitoring
package import NIOCore
import Probing
import Synchronization

/// The text of `/metrics`: per-probe fragments, joined by family on each scrape, followed by the agent's own metrics.
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

    package init() {}

    /// Updates or removes the fragment of the probe; takes effect with the next scrape.
    package func changed(_ change: CacheChange) {
        switch change {
        case .adopted, .ran, .moved, .escalated, .decided, .expired: break
        case .updated(let probe):
            let fragment = ProbeFragment(probe)
            state.withLock { state in
                if let older = state.fragments.updateValue(fragment, forKey: probe.key) {
                    state.shared.remove(older, of: probe.key)
                } else {
                    state.order = nil
                    state.arrivals += 1
                }
                state.shared.add(fragment, of: probe.key)
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
        [probes(format), ByteBuffer(bytes: Self.own(format, agent))]
    }

    /// The page as one gzip stream; the compressed part of the probes is cached until a probe changes.
    /// - Parameter agent: writes the agent's own families.
    /// - Returns: nil if zlib reports an error.
    package func compressed(_ format: MetricText.Format, agent: (inout MetricText) -> Void) -> [UInt8]? {
        guard let probes = compressedProbes(format), let own = Gzip.piece(Self.own(format, agent)) else { return nil }
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

    private static func own(_ format: MetricText.Format, _ agent: (inout MetricText) -> Void) -> [UInt8] {
        var text = MetricText()
        agent(&text)
        if format == .openMetrics { text.write("# EOF\n") }
        return text.bytes
    }

    private enum Step {
        case known(ByteBuffer)
        case sort([ProbeKey], arrivals: Int)
        case join([ProbeFragment], shared: [[[UInt8]]], changes: Int)
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
                let joined = Self.join(fragments, shared: shared, format)
                state.withLock { state in
                    if state.changes == changes { state.joined[format] = joined }
                }
                return joined
            }
        }
    }

    /// Copies encoded bytes only; no value is formatted during a scrape.
    private static func join(_ fragments: [ProbeFragment], shared: [[[UInt8]]], _ format: MetricText.Format) -> ByteBuffer {
        let headers = MetricFamily.allCases.map { family in
            var text = MetricText()
            text.header(family.name, type: family.isCounter ? "counter" : "gauge", help: family.help, format: format)
            return text.bytes
        }
        let size =
            fragments.reduce(0) { $0 + $1.size } + shared.joined().reduce(0) { $0 + $1.count } + headers.reduce(0) { $0 + $1.count }
        var buffer = ByteBufferAllocator().buffer(capacity: size)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { target in
            var joint = BufferWriter(target: target)
            for family in MetricFamily.allCases {
                let beforeHeader = joint.filled
                joint.copy(headers[family.rawValue])
                let beforeSamples = joint.filled
                if family.isShared {
                    for line in shared[family.rawValue - MetricFamily.ownCount] { joint.copy(line) }
                } else {
                    Array((family.name + "{").utf8).withUnsafeBytes { name in
                        for fragment in fragments { fragment.write(family, name: name) { joint.copy($0) } }
                    }
                }
                // Omit the header of a family without samples.
                if joint.filled == beforeSamples { joint.filled = beforeHeader }
            }
            return joint.filled
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

/// Series that several probes report: each has one line, that of the newest result.
private struct SharedSeries {
    private struct Line {
        var bytes: [UInt8]
        var seen: Date
        /// The probes that report this series; it is removed with the last of them.
        var reporters: Set<ProbeKey>
    }

    private typealias Family = [String: Line]

    private var families: [Family] = Array(repeating: [:], count: MetricFamily.allCases.count - MetricFamily.ownCount)
    /// The lines of each family, sorted by series; nil after a change of the family.
    private var ordered: [[[UInt8]]?] = Array(repeating: nil, count: MetricFamily.allCases.count - MetricFamily.ownCount)

    mutating func add(_ fragment: ProbeFragment, of key: ProbeKey) {
        for sample in fragment.shared {
            let family = sample.family.rawValue - MetricFamily.ownCount
            let older = families[family][sample.series]
            let isNewer = older.map { fragment.seen >= $0.seen } ?? true
            families[family][sample.series, default: Line(bytes: sample.line, seen: fragment.seen, reporters: [])].reporters.insert(key)
            guard isNewer else { continue }
            families[family][sample.series]?.seen = fragment.seen
            if older?.bytes == sample.line { continue }
            families[family][sample.series]?.bytes = sample.line
            ordered[family] = nil
        }
    }

    mutating func remove(_ fragment: ProbeFragment, of key: ProbeKey) {
        for sample in fragment.shared {
            let family = sample.family.rawValue - MetricFamily.ownCount
            families[family][sample.series]?.reporters.remove(key)
            guard families[family][sample.series]?.reporters.isEmpty == true else { continue }
            families[family][sample.series] = nil
            ordered[family] = nil
        }
    }

    mutating func current() -> [[[UInt8]]] {
        for family in ordered.indices where ordered[family] == nil {
            ordered[family] = families[family].sorted { $0.key < $1.key }.map(\.value.bytes)
        }
        return ordered.map { $0 ?? [] }
    }
}
