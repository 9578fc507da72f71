/// What to probe, how often, for which servers or targets: one file under `probes/`.
///
/// A class, because ten thousand probes may share one.
package final class ProbeDefinition: Sendable {
    package enum Scope: Sendable, Hashable {
        /// One instance for each server of the role.
        case server(role: Server.Role)
        /// One in all.
        case organization
        /// One for each target, for kinds whose aim is targets.
        case targets(TargetList)
    }

    package let identity: ProbeIdentity
    /// The kind's name, `cert-expiry`.
    package let kind: String
    package let summary: String
    package let scope: Scope
    package let every: Duration
    /// For one whole run, retries included.
    package let timeout: Duration
    /// How often a failed run is repeated at once, while time remains.
    package let retries: Int
    package let enabled: Bool
    /// The kind's own options as written; the kind has accepted them.
    package let options: Setting
    package let monitors: [MonitorDefinition]
    package let location: SourceLocation

    package init(
        identity: ProbeIdentity, kind: String, summary: String, scope: Scope, every: Duration, timeout: Duration,
        retries: Int = 0, enabled: Bool = true, options: Setting, monitors: [MonitorDefinition] = [], location: SourceLocation
    ) {
        self.identity = identity
        self.kind = kind
        self.summary = summary
        self.scope = scope
        self.every = every
        self.timeout = timeout
        self.retries = retries
        self.enabled = enabled
        self.options = options
        self.monitors = monitors
        self.location = location
    }

    /// The same with other options.
    package func with(options: Setting) -> ProbeDefinition {
        ProbeDefinition(
            identity: identity, kind: kind, summary: summary, scope: scope, every: every, timeout: timeout, retries: retries,
            enabled: enabled, options: options, monitors: monitors, location: location)
    }

    package var targets: TargetList? {
        if case .targets(let list) = scope { list } else { nil }
    }
}

/// Two definitions are the same when they ask for the same, wherever they stand.
extension ProbeDefinition: Equatable {
    package static func == (left: ProbeDefinition, right: ProbeDefinition) -> Bool {
        left === right || left.scope == right.scope && left.monitors == right.monitors && left.asksTheSame(as: right)
    }

    /// Whether a probe of the one is a probe of the other: they may list other targets, and have other monitors.
    package func asksTheSame(as other: ProbeDefinition) -> Bool {
        if self === other { return true }
        switch (scope, other.scope) {
        case (.targets, .targets): break
        default: if scope != other.scope { return false }
        }
        return identity.description == other.identity.description && kind == other.kind && summary == other.summary
            && every == other.every && timeout == other.timeout && retries == other.retries && enabled == other.enabled
            && options == other.options
    }
}

/// Everything an agent works by: its configuration and the definitions it found, both without an error.
package struct Plan: Sendable {
    package var configuration: AgentConfiguration
    package var definitions: [ProbeDefinition]
    /// What callers of `/probe` may name, by name; empty without a module file.
    package var modules: [String: Module]
    /// Problems that do not stop it.
    package var warnings: [Diagnostic]

    package init(
        configuration: AgentConfiguration, definitions: [ProbeDefinition], modules: [String: Module] = [:], warnings: [Diagnostic] = []
    ) {
        self.configuration = configuration
        self.definitions = definitions
        self.modules = modules
        self.warnings = warnings
    }
}

extension Plan {
    /// This plan, each definition that says what an older one says replaced by that: their probes then share one and compare at once.
    func keeping(_ older: [ProbeDefinition]) -> Plan {
        let known = Dictionary(older.map { ($0.identity, $0) }) { first, _ in first }
        var plan = self
        plan.definitions = definitions.map { definition in
            guard let older = known[definition.identity], older == definition, older.location.path == definition.location.path else {
                return definition
            }
            return older
        }
        return plan
    }
}

/// Reads configuration and definitions from their files, anew each time it is asked.
package typealias PlanReader = @Sendable () throws(ConfigurationRefused) -> Plan
