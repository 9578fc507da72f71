import Addresses
package import Certificates

/// A failure, a warning, or the reason why a stage could not be judged.
package struct Finding: Sendable, Hashable {
    /// What a finding means for the result.
    package enum Severity: String, Sendable, Hashable, Codable {
        /// The monitored system has a problem.
        case failure
        /// Working now, but needs attention.
        case warning
        /// The probe could not judge: the result is neither Succeeded nor Failed.
        case unknown
    }

    package var severity: Severity
    package var stage: Stage
    package var reason: Reason
    /// One sentence for the administrator: what was seen, where, and what was expected.
    package var sentence: String
    /// The message of the lower layer (a TLS alert, an HTTP status line), if it adds to the sentence; otherwise empty.
    package var exception: String
    /// The other probe that monitors the root cause; nil if there is none.
    package var cause: ProbeIdentity?
    /// The certificate the finding is about, if any: findings of several servers about one certificate are reported as one problem.
    package var certificate: Thumbprint?

    /// Credentials in URLs are masked in both texts; an exception that only repeats the end of the sentence is dropped.
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
