import Certificates
package import FoundationEssentials

/// One time of trouble, from the run that made a monitor leave Healthy to the one that showed it over.
///
/// It outlives the process: an alert that stands for it is neither sent twice nor forgotten.
package struct Episode: Sendable, Hashable, Codable {
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
    /// Of the latest run that failed.
    package var reason: Reason?
    package var sentence: String
    /// The certificate at fault, 40 hexadecimal digits, where the finding is about one.
    package var thumbprint: String?
    /// The probe that watches the root cause, where another one does.
    package var cause: ProbeIdentity?
    package var acknowledged: Acknowledgement?
    /// When its alert was first handed to whoever takes alerts.
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
        return MonitorKey(probe: ProbeKey(identity: identity, server: server, address: address), name: monitor)
    }

    /// The server, or the target where there is none.
    package var place: String { server.isEmpty ? target ?? "" : server }

    /// Takes over why the monitored thing is wrong.
    mutating func take(_ result: ProbeResult, by rule: MonitorRule) {
        guard let finding = rule.finding(result) else {
            if sentence.isEmpty { sentence = rule.sentence(result) }
            return
        }
        reason = finding.reason
        sentence = finding.sentence
        // What an alert is known by stays while it is told.
        if escalated == nil, let certificate = finding.certificate { thumbprint = certificate.description }
        cause = finding.cause
    }
}
