/// `HealthSet\Name[\Target]`: how Exchange, the command line and the metrics name a probe.
///
/// Comparison ignores case, as Exchange's own cmdlets do; the spelling of the definition is kept for display.
package struct ProbeIdentity: Sendable, CustomStringConvertible {
    package var healthSet: String
    package var name: String
    /// The resource the probe is aimed at, where one definition serves several.
    package var target: String?

    package init(healthSet: String, name: String, target: String? = nil) {
        self.healthSet = healthSet
        self.name = name
        self.target = target
    }

    package var description: String {
        ([healthSet, name] + (target.map { [$0] } ?? [])).joined(separator: "\\")
    }

    /// What comparison and lookup see.
    package var folded: String { description.lowercased() }
}

extension ProbeIdentity: Hashable {
    package static func == (left: ProbeIdentity, right: ProbeIdentity) -> Bool { left.folded == right.folded }

    package func hash(into hasher: inout Hasher) { hasher.combine(folded) }
}

/// A probe on one server: the key of the schedule, the cache and every series.
package struct ProbeKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var identity: ProbeIdentity
    /// The server's configured name; empty for a probe of the whole organization.
    package var server: String

    package init(identity: ProbeIdentity, server: String) {
        self.identity = identity
        self.server = server
    }

    package var description: String { server.isEmpty ? identity.description : "\(identity) on \(server)" }

    package static func < (left: ProbeKey, right: ProbeKey) -> Bool {
        (left.identity.folded, left.server) < (right.identity.folded, right.server)
    }
}
