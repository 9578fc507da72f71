import CCurl
import CLinux
import Glibc
import Synchronization

/// The trusted roots for verifying a peer's chain.
package struct TrustedRoots: Sendable, Hashable {
    /// Whether the system's roots are included.
    package var includesSystem: Bool
    /// PEM file with additional roots.
    package var file: String?
    /// PEM file with revocation lists: no certificate of the chain may be on that of its issuer, which must be there for the peer's own. Nil:
    /// not checked.
    package var revocationLists: String?

    package init(includesSystem: Bool, file: String?, revocationLists: String? = nil) {
        self.includesSystem = includesSystem
        self.file = file
        self.revocationLists = revocationLists
    }

    package static let system = TrustedRoots(includesSystem: true, file: nil)
}

/// Cache of trust stores, by their roots. A store is loaded once, and again when its files have changed.
package final class TrustStores: Sendable {
    private struct Loaded {
        var stamps: [FileStamp?]
        var result: Result<TrustStore, TrustStore.Unusable>
    }

    private let loaded = Mutex<[TrustedRoots: Loaded]>([:])

    package init() {}

    /// The store of these roots, with the current content of their files.
    /// - Throws: `Unusable` with the name of the file.
    package func store(_ roots: TrustedRoots) throws(TrustStore.Unusable) -> TrustStore {
        let stamps = Self.stamps(roots)
        let result = loaded.withLock { loaded in
            if let known = loaded[roots], known.stamps == stamps { return known.result }
            let result = Result { () throws(TrustStore.Unusable) in
                try TrustStore(
                    systemRoots: roots.includesSystem, files: roots.file.map { [$0] } ?? [], revocationLists: roots.revocationLists)
            }
            // A file modified within the last second may change again without a change of its timestamp.
            loaded[roots] = stamps.contains { $0?.isFresh ?? false } ? nil : Loaded(stamps: stamps, result: result)
            return result
        }
        return try result.get()
    }

    /// Empties the cache: stores are loaded again when they are needed.
    package func clear() { loaded.withLock { $0 = [:] } }

    private static func stamps(_ roots: TrustedRoots) -> [FileStamp?] {
        let system = [
            (X509_get_default_cert_file_env(), X509_get_default_cert_file()),
            (X509_get_default_cert_dir_env(), X509_get_default_cert_dir()),
        ].map { variable, path in
            (variable.flatMap { getenv($0) } ?? UnsafeMutablePointer(mutating: path)).map { String(cString: $0) } ?? ""
        }
        return (roots.includesSystem ? system : []).map { FileStamp($0) }
            + [roots.file, roots.revocationLists].compactMap(\.self).map { FileStamp($0) }
    }

    /// File attributes that change when the content changes.
    private struct FileStamp: Equatable {
        private var values = [Int](repeating: 0, count: 7)

        init?(_ path: String) {
            guard agent_file_stamp(path, &values) == 0 else { return nil }
        }

        /// Whether it changed so recently that another change may not be visible in its timestamps.
        var isFresh: Bool { (0...1).contains(time(nil) - values[5]) }
    }
}
