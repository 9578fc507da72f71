package import Probing

/// The complete, valid configuration of an agent: `agent.yaml`, probe definitions and modules.
package struct Plan: Sendable {
    package var configuration: AgentConfiguration
    package var definitions: [ProbeDefinition]
    /// The modules available to `/probe`, by name; empty without a module file.
    package var modules: [String: Module]
    /// The module that is used where the caller names none.
    package var defaultModule = "http_2xx"
    /// Problems that do not prevent the agent from running.
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
    /// This plan, with each definition that equals an older one replaced by that object: its probes then share one, and comparison is fast.
    package func keeping(_ older: [ProbeDefinition]) -> Plan {
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

/// Reads the configuration and definitions from their files; each call reads them again.
package typealias PlanReader = @Sendable () throws(ConfigurationRefused) -> Plan

extension Plan {
    /// The place of an organization-wide probe; set `server` or `target` for the others.
    package var place: Place {
        let watchers = Dictionary(definitions.filter { $0.kind.aim == .organization }.map { ($0.kind.name, $0.identity) }) { first, _ in
            first
        }
        return Place(organization: configuration.organization, server: nil, watchers: watchers)
    }
}
