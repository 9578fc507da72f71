import FoundationEssentials
package import HealthManager
import NIOCore
import Synchronization

/// The text of `/metrics`: fragments of the probes, joined family by family when asked, and the agent's own numbers.
///
/// A fragment is encoded when its result arrives; the joined part is kept while nothing changes. A scrape waits for no probe.
package final class MetricsPage: ResultObserver, Sendable {
    private struct State {
        var fragments: [ProbeKey: ProbeFragment] = [:]
        var order: [ProbeKey]?
        var shared = SharedSeries()
        var joined: [MetricText.Format: ByteBuffer] = [:]
        var compressed: [MetricText.Format: Gzip.Piece] = [:]
        /// Counts the changes: what is compressed outside the lock is kept only while nothing has changed.
        var changes = 0

        mutating func change() {
            joined = [:]
            compressed = [:]
            changes += 1
        }
    }

    private let state = Mutex(State())

    package init() {}

    package func changed(_ change: CacheChange) {
        switch change {
        case .adopted, .ran, .moved, .escalated, .decided: break
        case .updated(let probe):
            let fragment = ProbeFragment(probe)
            state.withLock { state in
                if let older = state.fragments.updateValue(fragment, forKey: probe.key) {
                    state.shared.remove(older, of: probe.key)
                } else {
                    state.order = nil
                }
                state.shared.add(fragment, of: probe.key)
                state.change()
            }
        case .removed(let key):
            state.withLock { state in
                if let older = state.fragments.removeValue(forKey: key) { state.shared.remove(older, of: key) }
                state.order = nil
                state.change()
            }
        }
    }

    /// The whole page in parts, none of them copied: the probes' families, and the agent's own, which `agent` writes.
    func parts(_ format: MetricText.Format, agent: (inout MetricText) -> Void) -> [ByteBuffer] {
        [probes(format), ByteBuffer(bytes: Self.own(format, agent))]
    }

    /// The whole page, compressed: the probes' part once for all who ask while nothing changes.
    /// - Returns: nil when zlib refuses.
    func compressed(_ format: MetricText.Format, agent: (inout MetricText) -> Void) -> [UInt8]? {
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

    private func probes(_ format: MetricText.Format) -> ByteBuffer {
        state.withLock { state in
            if let joined = state.joined[format] { return joined }
            let order = state.order ?? state.fragments.keys.sorted()
            state.order = order
            let joined = Self.join(order.compactMap { state.fragments[$0] }, shared: state.shared.current(), format)
            state.joined[format] = joined
            return joined
        }
    }

    /// Runs of bytes are copied, no value is looked at: the cost of a scrape is that of a copy.
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
            var joint = Joint(target: target)
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
                // A family without samples is not mentioned.
                if joint.filled == beforeSamples { joint.filled = beforeHeader }
            }
            return joint.filled
        }
        return buffer
    }

    private struct Joint {
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

/// Series that several probes tell: each has one line, that of the newest result.
private struct SharedSeries {
    private struct Line {
        var bytes: [UInt8]
        var seen: Date
        /// The probes that tell this series; it goes with the last of them.
        var tellers: Set<ProbeKey>
    }

    private typealias Family = [String: Line]

    private var families: [Family] = Array(repeating: [:], count: MetricFamily.allCases.count - MetricFamily.ownCount)
    /// The lines of each family in the order of their series, until that family changes.
    private var ordered: [[[UInt8]]?] = Array(repeating: nil, count: MetricFamily.allCases.count - MetricFamily.ownCount)

    mutating func add(_ fragment: ProbeFragment, of key: ProbeKey) {
        for sample in fragment.shared {
            let family = sample.family.rawValue - MetricFamily.ownCount
            let older = families[family][sample.series]
            let isNewer = older.map { fragment.seen >= $0.seen } ?? true
            families[family][sample.series, default: Line(bytes: sample.line, seen: fragment.seen, tellers: [])].tellers.insert(key)
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
            families[family][sample.series]?.tellers.remove(key)
            guard families[family][sample.series]?.tellers.isEmpty == true else { continue }
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
