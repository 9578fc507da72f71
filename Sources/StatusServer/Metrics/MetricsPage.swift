import FoundationEssentials
package import HealthManager
import Synchronization

/// The text of `/metrics`: fragments of the probes, joined family by family when asked, and the agent's own numbers.
///
/// A fragment is encoded when its result arrives; the joined part is kept while nothing changes. A scrape waits for no probe.
package final class MetricsPage: ResultObserver, Sendable {
    private struct State {
        var fragments: [ProbeKey: ProbeFragment] = [:]
        var order: [ProbeKey]?
        var joined: [MetricText.Format: [UInt8]] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package func changed(_ change: CacheChange) {
        switch change {
        case .updated(let probe):
            let fragment = ProbeFragment(probe)
            state.withLock { state in
                if state.fragments.updateValue(fragment, forKey: probe.key) == nil { state.order = nil }
                state.joined = [:]
            }
        case .removed(let key):
            state.withLock { state in
                state.fragments[key] = nil
                state.order = nil
                state.joined = [:]
            }
        }
    }

    /// The whole page; `agent` writes the agent's own families.
    func body(_ format: MetricText.Format, agent: (inout MetricText) -> Void) -> [UInt8] {
        var text = MetricText()
        text.append(probes(format))
        agent(&text)
        if format == .openMetrics { text.write("# EOF\n") }
        return text.bytes
    }

    private func probes(_ format: MetricText.Format) -> [UInt8] {
        state.withLock { state in
            if let joined = state.joined[format] { return joined }
            let order = state.order ?? state.fragments.keys.sorted()
            state.order = order
            let joined = Self.join(order.compactMap { state.fragments[$0] }, format)
            state.joined[format] = joined
            return joined
        }
    }

    private static func join(_ fragments: [ProbeFragment], _ format: MetricText.Format) -> [UInt8] {
        var text = MetricText()
        let newestFirst = fragments.sorted { $0.seen > $1.seen }
        for family in MetricFamily.allCases {
            var samples: [UInt8] = []
            if family.isShared {
                var written: Set<String> = []
                let index = family.rawValue - MetricFamily.oauthNotAfter.rawValue
                for fragment in newestFirst {
                    for sample in fragment.shared[index] where written.insert(sample.series).inserted { samples += sample.line }
                }
            } else {
                for fragment in fragments { samples += fragment.own[family.rawValue] }
            }
            guard !samples.isEmpty else { continue }
            text.header(family.name, type: family.isCounter ? "counter" : "gauge", help: family.help, format: format)
            text.append(samples)
        }
        return text.bytes
    }
}
