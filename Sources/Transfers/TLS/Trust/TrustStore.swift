import CCurl
import Certificates
import Documents

/// Trusted roots, loaded once and shared by all handshakes, because loading the system's bundle takes longer than a handshake.
///
/// Every certificate in it is a trust anchor, including intermediate ones, so that an issuer can be pinned.
package final class TrustStore: Sendable {
    // An X509_STORE that is not changed after initialization; OpenSSL's lookups are thread-safe.
    nonisolated(unsafe) let store: OpaquePointer
    let verdicts = VerdictCache()

    /// A file with trusted roots cannot be used; the description is one sentence with its name.
    package struct Unusable: Error, CustomStringConvertible {
        package var description: String
    }

    /// - Parameters:
    ///   - systemRoots: whether to include the system's roots.
    ///   - files: PEM files with additional roots, each with at least one certificate.
    /// - Throws: `Unusable` with the name of the file.
    package init(systemRoots: Bool, files: [String]) throws(Unusable) {
        store = Self.empty()
        if systemRoots { X509_STORE_set_default_paths(store) }
        for file in files {
            let bytes: [UInt8]
            do throws(FileUnreadable) { bytes = try RegularFile.read(file, atMost: RegularFile.certificateLimit) } catch {
                throw Unusable(description: error.description)
            }
            let (count, isWhole) = Self.add(pem: bytes, to: store)
            guard isWhole else {
                throw Unusable(description: "certificate \(count + 1) in \(file) is truncated or damaged: export the file again")
            }
            guard count > 0 else { throw Unusable(description: "\(file) contains no certificate") }
        }
    }

    deinit { X509_STORE_free(store) }

    private static func empty() -> OpaquePointer {
        guard let store = X509_STORE_new() else { preconditionFailure("out of memory") }
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN) | UInt(X509_V_FLAG_TRUSTED_FIRST))
        return store
    }

    /// The number of certificates added, and whether the text was complete.
    private static func add(pem: [UInt8], to store: OpaquePointer) -> (count: Int, isWhole: Bool) {
        pem.withUnsafeBytes { raw in
            guard !raw.isEmpty, let bio = BIO_new_mem_buf(raw.baseAddress, Int32(raw.count)) else { return (0, true) }
            defer {
                BIO_free(bio)
                ERR_clear_error()
            }
            var count = 0
            ERR_clear_error()
            while let certificate = PEM_read_bio_X509(bio, nil, agent_no_password, nil) {
                defer { X509_free(certificate) }
                guard X509_STORE_add_cert(store, certificate) == 1 else { return (count, false) }
                count += 1
                ERR_clear_error()
            }
            return (count, agent_pem_is_over() == 1)
        }
    }
}
