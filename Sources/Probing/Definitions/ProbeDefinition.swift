/// What to probe, how often, and on which servers or targets: one file under `probes/`.
///
/// A class, because thousands of probes may share one definition.
package final class ProbeDefinition: Sendable {
    /// For what there is a probe.
    package enum Scope: Sendable, Hashable {
        /// One instance per server that has the role.
        case server(role: Server.Role)
        /// One instance for the whole organization.
        case organization
        /// One instance per target, for kinds that probe targets.
        case targets(TargetList)
    }

    package let identity: ProbeIdentity
    package let kind: ConfiguredKind
    package let summary: String
    package let scope: Scope
    package let every: Duration
    /// The limit for one whole run, retries included.
    package let timeout: Duration
    /// How many times a failed run is repeated immediately while time remains before the timeout.
    package let retries: Int
    package let enabled: Bool
    package let monitors: [MonitorDefinition]
    package let location: SourceLocation

    package init(
        identity: ProbeIdentity, kind: ConfiguredKind, summary: String, scope: Scope, every: Duration, timeout: Duration,
        retries: Int = 0, enabled: Bool = true, monitors: [MonitorDefinition] = [], location: SourceLocation
    ) {
        self.identity = identity
        self.kind = kind
        self.summary = summary
        self.scope = scope
        self.every = every
        self.timeout = timeout
        self.retries = retries
        self.enabled = enabled
        self.monitors = monitors
        self.location = location
    }

    /// A copy of this definition with other options.
    package func with(options: Setting) -> ProbeDefinition {
        ProbeDefinition(
            identity: identity, kind: kind.with(options), summary: summary, scope: scope, every: every, timeout: timeout,
            retries: retries, enabled: enabled, monitors: monitors, location: location)
    }

    /// The kind's own options as written.
    package var options: Setting { kind.options }

    package var targets: TargetList? {
        if case .targets(let list) = scope { list } else { nil }
    }
}

/// Equality compares content and ignores the source location.
extension ProbeDefinition: Equatable {
    package static func == (left: ProbeDefinition, right: ProbeDefinition) -> Bool {
        left === right || left.scope == right.scope && left.monitors == right.monitors && left.isEquivalent(to: right)
    }

    /// Whether the two definitions produce the same probes: their target lists and monitors may differ.
    package func isEquivalent(to other: ProbeDefinition) -> Bool {
        if self === other { return true }
        switch (scope, other.scope) {
        case (.targets, .targets): break
        default: if scope != other.scope { return false }
        }
        return identity.description == other.identity.description && kind.name == other.kind.name && summary == other.summary
            && every == other.every && timeout == other.timeout && retries == other.retries && enabled == other.enabled
            && options == other.options
    }
}
