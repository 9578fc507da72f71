import Certificates
package import FoundationEssentials
package import Probing

/// One occurrence of a problem, from the run that triggered a monitor's rule to the run that cleared it.
///
/// It is persisted across restarts of the agent, so that its alert is neither sent as new nor lost.
package struct Episode: Sendable, Hashable, Codable {
    /// Who acknowledged the episode, when, and why.
    package struct Acknowledgement: Sendable, Hashable, Codable {
        package var by: String
        package var at: Date
        package var comment: String

        package init(by: String, at: Date, comment: String) {
            self.by = by
            self.at = at
            self.comment = comment
        }
    }

    package var id: UUID
    package var healthSet: String
    package var monitor: String
    package var probe: String
    package var server: String
    package var target: String?
    package var address: String
    package var severity: MonitorDefinition.Severity
    package var began: Date
    package var ended: Date?
    /// Of the latest run with a finding.
    package var reason: Reason?
    /// The stage of that finding; nil if there is none, or in an episode that an older version stored.
    package var stage: Stage?
    package var sentence: String
    /// The thumbprint (40 hexadecimal digits) of the certificate the finding is about; nil if it is not about one.
    package var thumbprint: String?
    /// The other probe that monitors the root cause; nil if there is none.
    package var cause: ProbeIdentity?
    package var acknowledged: Acknowledgement?
    /// When its alert was first handed to the alert sender; nil if it has not been.
    package var escalated: Date?

    init(_ key: MonitorKey, severity: MonitorDefinition.Severity, began: Date) {
        id = UUID()
        healthSet = key.probe.identity.healthSet
        monitor = key.name
        probe = key.probe.identity.name
        server = key.probe.server
        target = key.probe.identity.target
        address = key.probe.address
        self.severity = severity
        self.began = began
        sentence = ""
    }

    package var key: MonitorKey {
        let identity = ProbeIdentity(healthSet: healthSet, name: probe, target: target)
        return MonitorKey(
            probe: ProbeKey(identity: identity, site: ProbeKey.Site(server: server, target: target, address: address)), name: monitor)
    }

    /// What to do about it; nil without a reason. It names no certificate: `thumbprint` may be that of an earlier finding.
    package var remedy: String? { remedy(on: server) }

    /// - Parameter server: as `server`, or empty where it is for several.
    func remedy(on server: String) -> String? { reason?.remedy(at: stage, thumbprint: nil, on: server, isTarget: target != nil) }

    /// The server, or the target if the monitor has no server.
    package var place: String { server.isEmpty ? target ?? "" : server }

    /// Updates reason and sentence from a result.
    mutating func take(_ result: ProbeResult, by rule: MonitorRule) {
        guard let finding = rule.finding(result) else {
            if sentence.isEmpty { sentence = rule.sentence(result) }
            return
        }
        reason = finding.reason
        stage = finding.stage
        sentence = finding.sentence
        // The thumbprint is a label of the alert, which must not change once it has been sent.
        if escalated == nil, let certificate = finding.certificate { thumbprint = certificate.description }
        cause = finding.cause
    }
}
