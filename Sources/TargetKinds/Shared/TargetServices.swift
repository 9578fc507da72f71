import HealthManager
package import Transfers

/// What all target kinds share: the way out, and what they say of themselves there.
package final class TargetServices: Sendable {
    let transfers: Transfers
    /// `agent/0.1.0`
    let userAgent: String

    package init(transfers: Transfers, userAgent: String) {
        self.transfers = transfers
        self.userAgent = userAgent
    }
}
