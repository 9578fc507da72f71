package import Probing

/// Identifies a monitor of one probe instance: `HealthSet\Monitor[\Target]` on a server.
package struct MonitorKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let probe: ProbeKey
    package let name: String

    package init(probe: ProbeKey, name: String) {
        self.probe = probe
        self.name = name
    }

    /// The monitor's identity as in Exchange: `HealthSet\Monitor[\Target]`.
    package var identity: ProbeIdentity {
        ProbeIdentity(healthSet: probe.identity.healthSet, name: name, target: probe.identity.target)
    }

    package var description: String { ProbeKey(identity: identity, site: probe.site).description }

    package static func < (left: MonitorKey, right: MonitorKey) -> Bool {
        (left.probe, left.name) < (right.probe, right.name)
    }
}
