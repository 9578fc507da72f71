/// `HealthSet\Name[\Target]`: how Exchange, the command line and the metrics name a probe.
///
/// Comparison ignores case, as Exchange's own cmdlets do; the spelling of the definition is kept for display.
package struct ProbeIdentity: Sendable, CustomStringConvertible {
    package let healthSet: String
    package let name: String
    /// The resource the probe is aimed at, where one definition serves several.
    package let target: String?
    /// What comparison and lookup see; kept, because every look-up of a probe asks for it.
    package let folded: String

    package init(healthSet: String, name: String, target: String? = nil) {
        self.healthSet = healthSet
        self.name = name
        self.target = target
        folded = Self.joined(healthSet, name, target).lowercased()
    }

    package var description: String { Self.joined(healthSet, name, target) }

    private static func joined(_ healthSet: String, _ name: String, _ target: String?) -> String {
        ([healthSet, name] + (target.map { [$0] } ?? [])).joined(separator: "\\")
    }
}

extension ProbeIdentity: Hashable {
    package static func == (left: ProbeIdentity, right: ProbeIdentity) -> Bool { left.folded == right.folded }

    package func hash(into hasher: inout Hasher) { hasher.combine(folded) }
}

/// A probe on one server, or of one target: the key of the schedule, the cache and every series.
package struct ProbeKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var identity: ProbeIdentity
    /// The server's configured name; empty for a probe of the whole organization, or of a target.
    package var server: String
    /// Which of its target's addresses it is for, where each has a probe of its own; else empty.
    package var address: String

    package init(identity: ProbeIdentity, server: String, address: String = "") {
        self.identity = identity
        self.server = server
        self.address = address
    }

    package var description: String {
        identity.description + (server.isEmpty ? "" : " on \(server)") + (address.isEmpty ? "" : " at \(address)")
    }

    package static func < (left: ProbeKey, right: ProbeKey) -> Bool {
        (left.identity.folded, left.server, left.address) < (right.identity.folded, right.server, right.address)
    }
}
