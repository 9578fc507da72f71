/// What a probe instance is created for: the organization, and one of its servers or a target.
///
/// `server` is nil for probes of the whole organization and of targets.
package struct Place: Sendable {
    package var organization: Organization
    package var server: Server?
    /// The target, for kinds that probe targets; otherwise nil.
    package var target: Target?
    /// Probe identities by kind name, used to name the probe that monitors a root cause.
    private var watchers: [String: ProbeIdentity]

    package init(organization: Organization, server: Server?, target: Target? = nil, watchers: [String: ProbeIdentity] = [:]) {
        self.organization = organization
        self.server = server
        self.target = target
        self.watchers = watchers
    }

    /// The identity of the probe of this kind, to be named as the one that monitors a root cause; nil if none is defined.
    package func watcher(_ kind: (some ProbeKind).Type) -> ProbeIdentity? { watchers[kind.name] }
}

/// The result of creating a probe: the probe, or why it is not defined for that place.
package enum Discovery: Sendable {
    case probe(any Probe)
    case notDefined(NotDefined)
}

/// Why a probe is not defined for a place.
package struct NotDefined: Sendable, Hashable {
    /// The state when the cache was built: `the push notifications proxy was disabled`.
    package var because: String
    /// Shown while the configuration still says so: `pushProxy.enabled is false: normal if you do not use it`.
    package var configured: String

    package init(because: String, configured: String) {
        self.because = because
        self.configured = configured
    }
}
