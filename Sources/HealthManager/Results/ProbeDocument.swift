package import FoundationEssentials

/// A probe as `agent probes` and the API list it.
package struct ProbeDocument: Codable, Sendable {
    package var monitorIdentity: String
    package var healthSet: String
    package var probe: String
    package var server: String
    package var kind: String
    package var summary: String
    package var everySeconds: Double
    package var timeoutSeconds: Double
    /// False where the definition has no instance on that server; `notDefined` then says why.
    package var defined: Bool
    package var notDefined: String?
    package var lastRun: Date?
    package var nextRun: Date?
    package var resultType: String?
    package var reason: String?
    package var warning: Bool

    package init(_ state: ProbeState) {
        self.init(definition: state.definition, server: state.key.server)
        lastRun = state.latest?.end
        nextRun = state.nextRun
        resultType = state.latest?.type.name
        reason = state.latest?.decisive?.reason.rawValue
        warning = state.latest?.isWarning ?? false
    }

    package init(definition: ProbeDefinition, server: String, notDefined why: String? = nil) {
        monitorIdentity = definition.identity.description
        healthSet = definition.identity.healthSet
        probe = definition.identity.name
        self.server = server
        kind = definition.kind
        summary = definition.summary
        everySeconds = definition.every.seconds
        timeoutSeconds = definition.timeout.seconds
        defined = why == nil
        notDefined = why
        warning = false
    }
}
