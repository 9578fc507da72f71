import Documents
import FoundationEssentials
import HealthManager
import Synchronization
package import Transfers

/// What all target kinds share: the way out, and the trust stores that modules name.
package final class TargetServices: Sendable {
    let transfers: Transfers
    /// `agent/0.1.0`
    let userAgent: String
    private let stores = Mutex<[String: TrustStore]>([:])

    package init(transfers: Transfers, userAgent: String) {
        self.transfers = transfers
        self.userAgent = userAgent
    }

    /// The store of a CA file, loaded once for each content of it.
    /// - Throws: `Unusable` that names the file.
    func trust(caFile: String) throws(TrustStore.Unusable) -> TrustStore {
        let bytes = (try? RegularFile.read(caFile, atMost: RegularFile.certificateLimit)) ?? []
        let key = caFile + "\n" + Data(bytes).base64EncodedString()
        if let known = stores.withLock({ $0[key] }) { return known }
        let store = try TrustStore(systemRoots: false, files: [caFile])
        stores.withLock { $0[key] = store }
        return store
    }
}
