package import Transfers

/// Services shared by all target kinds: outbound transfers, certificate files that were read, and the User-Agent.
package final class TargetServices: Sendable {
    let transfers: Transfers
    let certificateFiles = CertificateFiles()
    let revocationAnswers = RevocationAnswers()
    let domainEnds = DomainEnds()
    /// `agent/0.1.0`
    let userAgent: String

    package init(transfers: Transfers, userAgent: String) {
        self.transfers = transfers
        self.userAgent = userAgent
    }

    /// Clears everything that kinds have cached from earlier runs. Called at restart.
    package func clearCaches() {
        certificateFiles.clear()
        revocationAnswers.clear()
        domainEnds.clear()
    }
}
