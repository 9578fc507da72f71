import CCurl
import CLinux
import Glibc
import Synchronization

/// Which roots the chain of a peer must lead to.
package struct TrustedRoots: Sendable, Hashable {
    /// Whether the system's roots are among them.
    package var includesSystem: Bool
    /// PEM file of further ones.
    package var file: String?

    package init(includesSystem: Bool, file: String?) {
        self.includesSystem = includesSystem
        self.file = file
    }

    package static let system = TrustedRoots(includesSystem: true, file: nil)
}

/// The trust stores of all connections: each is read once, and again when its files have changed. None stands in for another.
package final class TrustStores: Sendable {
    private struct Loaded {
        var stamps: [FileStamp?]
        var result: Result<TrustStore, TrustStore.Unusable>
    }

    private let loaded = Mutex<[TrustedRoots: Loaded]>([:])

    package init() {}

    /// The store of these roots as their files are now.
    /// - Throws: `Unusable` that names the file.
    package func store(_ roots: TrustedRoots) throws(TrustStore.Unusable) -> TrustStore {
        let stamps = Self.stamps(roots)
        let result = loaded.withLock { loaded in
            if let known = loaded[roots], known.stamps == stamps { return known.result }
            let result = Result { () throws(TrustStore.Unusable) in
                try TrustStore(systemRoots: roots.includesSystem, files: roots.file.map { [$0] } ?? [])
            }
            // A file written a moment ago may be written again without a sign of it in its times.
            loaded[roots] = stamps.contains { $0?.isFresh ?? false } ? nil : Loaded(stamps: stamps, result: result)
            return result
        }
        return try result.get()
    }

    /// Forgets all: they are read again when next needed.
    package func clear() { loaded.withLock { $0 = [:] } }

    private static func stamps(_ roots: TrustedRoots) -> [FileStamp?] {
        let system = [
            (X509_get_default_cert_file_env(), X509_get_default_cert_file()),
            (X509_get_default_cert_dir_env(), X509_get_default_cert_dir()),
        ].map { variable, path in
            (variable.flatMap { getenv($0) } ?? UnsafeMutablePointer(mutating: path)).map { String(cString: $0) } ?? ""
        }
        return (roots.includesSystem ? system : []).map { FileStamp($0) } + (roots.file.map { [FileStamp($0)] } ?? [])
    }

    /// What tells one content of a file from another without reading it.
    private struct FileStamp: Equatable {
        private var values = [Int](repeating: 0, count: 7)

        init?(_ path: String) {
            guard agent_file_stamp(path, &values) == 0 else { return nil }
        }

        /// Whether it changed so short a time ago that its times may not tell the next change.
        var isFresh: Bool { (0...1).contains(time(nil) - values[5]) }
    }
}
