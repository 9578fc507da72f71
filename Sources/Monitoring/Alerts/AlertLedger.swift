package import FoundationEssentials

/// Delivery statistics of one Alertmanager.
package struct AlertLedger: Sendable, Hashable {
    /// Nil until a request has succeeded.
    package var lastSuccess: Date?
    package var consecutiveFailures = 0
    /// Alerts delivered; an alert that is sent again is counted again.
    package var alertsSent = 0
    package var failures = 0
    /// Why the last attempt failed; nil if it succeeded.
    package var problem: String?

    package init() {}
}

/// Statistics of responders and alert delivery, for metrics, the status page and the API.
package struct ResponseFacts: Sendable {
    package var responders: ResponderLedger
    /// By URL.
    package var alertmanagers: [String: AlertLedger]

    package init(responders: ResponderLedger = ResponderLedger(), alertmanagers: [String: AlertLedger] = [:]) {
        self.responders = responders
        self.alertmanagers = alertmanagers
    }
}
