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
