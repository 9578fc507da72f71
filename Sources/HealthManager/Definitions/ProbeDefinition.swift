/// What to probe, how often, for which servers: one file under `probes/`.
package struct ProbeDefinition: Sendable {
    package enum Scope: Sendable, Hashable {
        /// One instance for each server of the role.
        case server(role: Server.Role)
        /// One in all.
        case organization
    }

    package var identity: ProbeIdentity
    /// The kind's name, `cert-expiry`.
    package var kind: String
    package var summary: String
    package var scope: Scope
    package var every: Duration
    /// For one whole run, retries included.
    package var timeout: Duration
    /// How often a failed run is repeated at once, while time remains.
    package var retries: Int
    package var enabled: Bool
    /// The kind's own options as written; the kind has accepted them.
    package var options: Setting
    package var location: SourceLocation

    package init(
        identity: ProbeIdentity, kind: String, summary: String, scope: Scope, every: Duration, timeout: Duration,
        retries: Int = 0, enabled: Bool = true, options: Setting, location: SourceLocation
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
        self.location = location
    }
}

/// Two definitions are the same when they ask for the same, wherever they stand.
extension ProbeDefinition: Equatable {
    package static func == (left: ProbeDefinition, right: ProbeDefinition) -> Bool {
        left.identity.description == right.identity.description && left.kind == right.kind && left.summary == right.summary
            && left.scope == right.scope && left.every == right.every && left.timeout == right.timeout
            && left.retries == right.retries && left.enabled == right.enabled && left.options == right.options
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

/// Reads configuration and definitions from their files, anew each time it is asked.
package typealias PlanReader = @Sendable () throws(ConfigurationRefused) -> Plan
