/// A monitor of one probe: `HealthSet\Monitor[\Target]` on a server.
package struct MonitorKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let probe: ProbeKey
    package let name: String

    package init(probe: ProbeKey, name: String) {
        self.probe = probe
        self.name = name
    }

    /// As Exchange names monitors.
    package var identity: ProbeIdentity {
        ProbeIdentity(healthSet: probe.identity.healthSet, name: name, target: probe.identity.target)
    }

    package var description: String { ProbeKey(identity: identity, server: probe.server, address: probe.address).description }

    package static func < (left: MonitorKey, right: MonitorKey) -> Bool {
        (left.probe, left.name) < (right.probe, right.name)
    }
}

/// Where a health set stands: its monitors on one server; the server is empty for what is the organization's.
package struct HealthSetKey: Sendable, Hashable, Comparable {
    package let healthSet: String
    package let server: String

    package init(healthSet: String, server: String) {
        self.healthSet = healthSet
        self.server = server
    }

    init(_ key: ProbeKey) { self.init(healthSet: key.identity.healthSet, server: key.server) }

    package static func < (left: HealthSetKey, right: HealthSetKey) -> Bool {
        (left.healthSet.lowercased(), left.server) < (right.healthSet.lowercased(), right.server)
    }
}
