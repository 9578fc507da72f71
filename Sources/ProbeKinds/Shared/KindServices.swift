import ExchangeExport
import Outbound
import Probing
package import Transfers

/// Services shared by all kinds: outbound transfers, cached metadata documents, and the log of certificates seen.
package final class KindServices: Sendable {
    let transfers: Transfers
    let documents = DocumentCache()
    let sightings: CertificateLog
    let snapshots = SnapshotStore()
    private let userAgent: String

    /// - Parameter sightings: the log of first and last sightings.
    package init(transfers: Transfers, sightings: CertificateLog, userAgent: String) {
        self.transfers = transfers
        self.sightings = sightings
        self.userAgent = userAgent
    }

    /// The network path for a configuration: trust, proxy and connect-to settings.
    func path(_ organization: Organization) -> NetworkPath {
        let trust = TrustedRoots(includesSystem: true, file: organization.network.caFile)
        return NetworkPath(transfers: transfers, trust: trust, settings: organization.network, userAgent: userAgent)
    }

    /// Clears the documents, the snapshots and the trusted roots.
    package func clearCaches() async {
        await documents.clear()
        snapshots.clear()
        transfers.trustStores.clear()
    }
}
