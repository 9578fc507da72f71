package import Transfers

/// Services shared by all target kinds: outbound transfers, and the User-Agent.
package final class TargetServices: Sendable {
    let transfers: Transfers
    /// `agent/0.1.0`
    let userAgent: String

    package init(transfers: Transfers, userAgent: String) {
        self.transfers = transfers
        self.userAgent = userAgent
    }
}
