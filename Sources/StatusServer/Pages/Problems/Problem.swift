import FoundationEssentials
import Monitoring
import Probing

/// All troubles with one cause: one card of the page.
struct Problem: Sendable {
    /// What the probes saw of the cause itself; never empty. The worst first.
    private(set) var troubles: [Trouble]
    /// What other probes saw of its consequences.
    private(set) var explained: [Trouble] = []
    /// That are affected, sorted.
    private(set) var servers: [String] = []
    /// Sorted.
    private(set) var targets: [String] = []

    private init(_ trouble: Trouble) { troubles = [trouble] }

    /// Called once all troubles are there, in the order of their probes, which remains among equally bad ones.
    private mutating func complete() {
        troubles.sort { $0.standing < $1.standing }
        servers = Set((troubles + explained).map(\.key.server)).subtracting([""]).sorted()
        targets = Set(troubles.compactMap { $0.key.server.isEmpty ? ProbeWords.place($0.key) : nil }).sorted()
    }

    /// What the troubles of one card have in common.
    private struct Root: Hashable {
        var reason: Reason?
        /// A certificate, or the probe without its target.
        var of: String

        init(_ trouble: Trouble) {
            reason = trouble.reason
            of = trouble.thumbprint ?? ProbeIdentity(healthSet: trouble.key.identity.healthSet, name: trouble.key.identity.name).folded
        }
    }

    /// The worst first, of equal ones those that alert, then those that affect most, then the oldest.
    static func all(_ troubles: [Trouble]) -> [Problem] {
        var problems: [Problem] = []
        var known: [Root: Int] = [:]
        func add(_ trouble: Trouble) {
            let root = Root(trouble)
            if let index = known[root] {
                problems[index].troubles.append(trouble)
            } else {
                known[root] = problems.count
                problems.append(Problem(trouble))
            }
        }
        for trouble in troubles where trouble.cause == nil { add(trouble) }
        let causes = Causes(problems)
        for trouble in troubles {
            guard let cause = trouble.cause else { continue }
            if let index = causes.index(of: cause, on: trouble.key.server) {
                problems[index].explained.append(trouble)
            } else {
                add(trouble)
            }
        }
        for index in problems.indices { problems[index].complete() }
        return problems.sorted { left, right in
            (left.standing, left.isPending ? 1 : 0, -left.size, left.since) < (
                right.standing, right.isPending ? 1 : 0, -right.size, right.since
            )
        }
    }

    /// The first problem about each probe, found by the probe with or without its target.
    private struct Causes {
        private var anywhere: [ProbeIdentity: Int] = [:]
        /// On each server; without one, on all.
        private var onServer: [ProbeIdentity: [String: Int]] = [:]

        init(_ problems: [Problem]) {
            for (index, problem) in problems.enumerated() {
                for key in problem.troubles.map(\.key) {
                    for identity in [key.identity, ProbeIdentity(key.identity, target: nil)] {
                        if anywhere[identity] == nil { anywhere[identity] = index }
                        if onServer[identity]?[key.server] == nil { onServer[identity, default: [:]][key.server] = index }
                    }
                }
            }
        }

        /// One on the same server comes before others.
        func index(of cause: ProbeIdentity, on server: String) -> Int? {
            let there = onServer[cause]
            return [there?[server], there?[""]].compactMap(\.self).min() ?? anywhere[cause]
        }
    }

    var lead: Trouble { troubles[0] }
    /// Whether no monitor counts it as a problem (yet).
    var isPending: Bool { troubles.allSatisfy { $0.monitor == nil } }
    private var size: Int { troubles.count + explained.count }
    var standing: Standing { troubles.map(\.standing).min() ?? .unknown }
    var since: Date { troubles.map(\.since).min() ?? .distantPast }

    /// `certificate expired`, or the name of the monitor or probe where no reason is known.
    var title: String { lead.reason.map(ProbeWords.words) ?? lead.monitor?.name ?? lead.key.identity.name }

    /// `3 servers: mbx01, mbx02, mbx03`, `50 targets: ...`, or `the organization`.
    var affects: String {
        let parts = [ProbeWords.list(servers, "server", "servers"), ProbeWords.list(targets, "target", "targets")].compactMap(\.self)
        return parts.isEmpty ? "the organization" : parts.joined(separator: "; ")
    }

    /// The same without names: `3 servers`, or the only one.
    var extent: String {
        let count = servers.count + targets.count
        if count == 0 { return "" }
        if count == 1 { return " on \(servers.first ?? targets.first ?? "")" }
        return targets.isEmpty ? " on \(count) servers" : servers.isEmpty ? " at \(count) targets" : " at \(count) servers and targets"
    }
}
