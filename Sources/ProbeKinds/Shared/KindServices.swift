import Documents
import FoundationEssentials
import HealthManager
package import Logging
import Synchronization
package import Transfers

/// What all kinds share: the way out, what servers published, and what was seen before.
package final class KindServices: Sendable {
    let transfers: Transfers
    let documents = DocumentCache()
    let sightings: Sightings
    private let userAgent: String
    private let logger: Logger
    private let trustStores = Mutex<[String: TrustStore]>([:])

    /// - Parameter sightings: where first and last sights are kept.
    package init(transfers: Transfers, sightings: Sightings, userAgent: String, logger: Logger) {
        self.transfers = transfers
        self.sightings = sightings
        self.userAgent = userAgent
        self.logger = logger
    }

    /// The way out for a configuration. A trust store is loaded once for each content of its file.
    func path(_ configuration: AgentConfiguration) -> NetworkPath {
        NetworkPath(
            transfers: transfers, trust: trust(configuration.network.caFile), settings: configuration.network, userAgent: userAgent)
    }

    func clearCaches() async {
        await documents.clear()
        trustStores.withLock { $0 = [:] }
    }

    private func trust(_ caFile: String?) -> TrustStore {
        let bytes = caFile.flatMap { try? RegularFile.read($0, atMost: RegularFile.certificateLimit) } ?? []
        let key = (caFile ?? "") + "\n" + Data(bytes).base64EncodedString()
        return trustStores.withLock { stores in
            if let known = stores[key] { return known }
            // The reader of the configuration has refused a file that holds no certificate; one that broke since then adds no root.
            let store: TrustStore
            do { store = try TrustStore(systemRoots: true, files: caFile.map { [$0] } ?? []) } catch {
                logger.error("cannot read tls.caFile, trusting the system's roots alone", metadata: ["problem": "\(error)"])
                store = TrustStore.system
            }
            stores[key] = store
            return store
        }
    }
}
