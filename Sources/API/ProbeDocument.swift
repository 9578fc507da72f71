package import FoundationEssentials
package import Monitoring
import Probing

/// A probe as listed by `agent probes` and the API.
package struct ProbeDocument: Codable, Sendable {
    package var monitorIdentity: String
    package var healthSet: String
    package var probe: String
    package var server: String
    /// The target, for kinds that probe targets; otherwise nil.
    package var target: String?
    /// The probed address of the target, if every address has its own probe; otherwise nil.
    package var address: String?
    package var kind: String
    package var summary: String
    package var everySeconds: Double
    package var timeoutSeconds: Double
    /// False if the definition does not apply to the server; `notDefined` then says why.
    package var defined: Bool
    package var notDefined: String?
    package var lastRun: Date?
    package var nextRun: Date?
    package var resultType: String?
    package var reason: String?
    package var warning: Bool

    /// Every probe of the definitions, including those not defined on a server, sorted by key.
    package static func all(in snapshot: Snapshot) -> [ProbeDocument] {
        let present = snapshot.probes.map { (key: $0.key, document: ProbeDocument($0)) }
        let absent = snapshot.notDefined.map { key, absence in
            let sentence = absence.why.because + " when the cache was built at " + absence.decided.formatted(.iso8601)
            return (key: key, document: ProbeDocument(key: key, definition: absence.definition, notDefined: sentence))
        }
        return (present + absent).sorted { $0.key < $1.key }.map(\.document)
    }

    private init(_ state: ProbeState) {
        self.init(key: state.key, definition: state.definition)
        lastRun = state.latest?.end
        nextRun = state.nextRun
        resultType = state.latest?.type.name
        reason = state.latest?.decisive?.reason.rawValue
        warning = state.latest?.isWarning ?? false
    }

    private init(key: ProbeKey, definition: ProbeDefinition, notDefined why: String? = nil) {
        monitorIdentity = key.identity.description
        healthSet = definition.identity.healthSet
        probe = definition.identity.name
        server = key.server
        target = key.identity.target
        address = key.address.isEmpty ? nil : key.address
        kind = definition.kind.name
        summary = definition.summary
        everySeconds = definition.every.seconds
        timeoutSeconds = definition.timeout.seconds
        defined = why == nil
        notDefined = why
        warning = false
    }
}
