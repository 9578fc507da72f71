import HealthManager
package import Transfers

/// What all kinds share: the way out, what servers published, and what was seen before.
package final class KindServices: Sendable {
    let transfers: Transfers
    let documents = DocumentCache()
    let sightings: Sightings
    private let userAgent: String

    /// - Parameter sightings: where first and last sights are kept.
    package init(transfers: Transfers, sightings: Sightings, userAgent: String) {
        self.transfers = transfers
        self.sightings = sightings
        self.userAgent = userAgent
    }

    /// The way out for a configuration.
    func path(_ configuration: AgentConfiguration) -> NetworkPath {
        let trust = TrustedRoots(includesSystem: true, file: configuration.network.caFile)
        return NetworkPath(transfers: transfers, trust: trust, settings: configuration.network, userAgent: userAgent)
    }

    func clearCaches() async {
        await documents.clear()
        transfers.trustStores.clear()
    }
}
