package import FoundationEssentials

/// A probe as `agent probes` and the API list it.
package struct ProbeDocument: Codable, Sendable {
    package var monitorIdentity: String
    package var healthSet: String
    package var probe: String
    package var server: String
    /// What it is aimed at, for kinds that are aimed at targets.
    package var target: String?
    /// Which of the target's addresses it is for, where each has a probe of its own.
    package var address: String?
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
        self.init(key: state.key, definition: state.definition)
        lastRun = state.latest?.end
        nextRun = state.nextRun
        resultType = state.latest?.type.name
        reason = state.latest?.decisive?.reason.rawValue
        warning = state.latest?.isWarning ?? false
    }

    package init(key: ProbeKey, definition: ProbeDefinition, notDefined why: String? = nil) {
        monitorIdentity = key.identity.description
        healthSet = definition.identity.healthSet
        probe = definition.identity.name
        server = key.server
        target = key.identity.target
        address = key.address.isEmpty ? nil : key.address
        kind = definition.kind
        summary = definition.summary
        everySeconds = definition.every.seconds
        timeoutSeconds = definition.timeout.seconds
        defined = why == nil
        notDefined = why
        warning = false
    }
}
