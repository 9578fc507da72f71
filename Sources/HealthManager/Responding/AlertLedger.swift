package import FoundationEssentials

/// How one Alertmanager fares.
package struct AlertLedger: Sendable, Hashable {
    /// Nil until it has taken something.
    package var lastSuccess: Date?
    package var consecutiveFailures = 0
    /// Alerts it has taken; one sent again counts again.
    package var alertsSent = 0
    package var failures = 0
    /// Why the last attempt failed; nil after one that did not.
    package var problem: String?

    package init() {}
}

/// What came of responders and alerts, for metrics, page and API.
package struct ResponseFacts: Sendable {
    package var responders: ResponderLedger
    /// By their URLs.
    package var alertmanagers: [String: AlertLedger]

    package init(responders: ResponderLedger = ResponderLedger(), alertmanagers: [String: AlertLedger] = [:]) {
        self.responders = responders
        self.alertmanagers = alertmanagers
    }
}
