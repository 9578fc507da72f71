import Addresses
package import Certificates

/// What one run of a probe found: the stages it went through, the findings it made, the facts it saw.
///
/// A run never throws: whatever goes wrong is a finding.
package struct Outcome: Sendable {
    package var stages: [StageRecord] = []
    /// In the order they were made. The first failure, else the first that could not be judged, else the first
    /// warning is the one the result bears; the rest stand in `warnings`.
    package var findings: [Finding] = []
    package var observations: [Observation] = []
    /// The number the probe is about (days left, bits), where its kind has one.
    package var sampleValue: Double?
    /// What was left out and why, one clause each: `published by mbx02: metadata: false`.
    package var notChecked: [String] = []

    package init() {}

    /// The finding that decides the result; nil where everything passed.
    package var decisive: Finding? {
        for severity in [Finding.Severity.failure, .unknown, .warning] {
            if let finding = findings.first(where: { $0.severity == severity }) { return finding }
        }
        return nil
    }
}

/// Something worth saying about a stage: why it failed, why it could not be judged, or a warning.
package struct Finding: Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable, Codable {
        /// The watched thing is at fault.
        case failure
        /// It is right today, and needs attention.
        case warning
        /// The probe could not judge: never Succeeded, never Failed.
        case unknown
    }

    package var severity: Severity
    package var stage: Stage
    package var reason: Reason
    /// One sentence for the administrator: what was seen, where, and what was expected.
    package var sentence: String
    /// The lower layer's own words (a TLS alert, an HTTP status line), where they add to the sentence.
    package var exception: String
    /// The probe that watches the root cause, when another one does.
    package var cause: ProbeIdentity?
    /// The certificate at fault, where it is about one: what is wrong on several servers with one certificate is one trouble.
    package var certificate: Thumbprint?

    package init(
        _ severity: Severity, stage: Stage, reason: Reason, sentence: String,
        exception: String = "", cause: ProbeIdentity? = nil, certificate: Thumbprint? = nil
    ) {
        self.severity = severity
        self.stage = stage
        self.reason = reason
        self.sentence = URLRedaction.sentence(sentence)
        self.exception = sentence.hasSuffix(exception) ? "" : URLRedaction.sentence(exception)
        self.cause = cause
        self.certificate = certificate
    }
}
