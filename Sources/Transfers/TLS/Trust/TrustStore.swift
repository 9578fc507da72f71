import CCurl
import Certificates
import Documents

/// Trusted roots, loaded once and shared by all handshakes, because loading the system's bundle takes longer than a handshake.
///
/// Every certificate in it is a trust anchor, including intermediate ones, so that an issuer can be pinned.
package final class TrustStore: Sendable {
    // Safe because the X509_STORE is not changed after initialization, and OpenSSL's lookups are thread-safe.
    nonisolated(unsafe) let store: OpaquePointer
    let verdicts = VerdictCache()
    /// Whether certificates are looked up in revocation lists.
    let checksRevocation: Bool

    /// A file with trusted roots cannot be used; the description is one sentence with its name.
    package struct Unusable: Error, CustomStringConvertible {
        package var description: String
    }

    /// - Parameters:
    ///   - systemRoots: whether to include the system's roots.
    ///   - files: PEM files with additional roots, each with at least one certificate.
    ///   - revocationLists: PEM file with revocation lists, at least one, which may be delta lists; nil: revocation is not checked.
    /// - Throws: `Unusable` with the name of the file.
    package init(systemRoots: Bool, files: [String], revocationLists: String? = nil) throws(Unusable) {
        store = Self.empty()
        checksRevocation = revocationLists != nil
        if systemRoots { X509_STORE_set_default_paths(store) }
        for file in files {
            let (count, isWhole) = Self.add(pem: try Self.read(file, atMost: RegularFile.certificateLimit), to: store)
            guard isWhole else {
                throw Unusable(description: "certificate \(count + 1) in \(file) is truncated or damaged: export the file again")
            }
            guard count > 0 else { throw Unusable(description: "\(file) contains no certificate") }
        }
        guard let revocationLists else { return }
        let (count, isWhole) = Self.add(revocationLists: try Self.read(revocationLists, atMost: 64 << 20), to: store)
        guard isWhole else { throw Unusable(description: "revocation list \(count + 1) in \(revocationLists) is truncated or damaged") }
        guard count > 0 else { throw Unusable(description: "\(revocationLists) contains no revocation list in PEM") }
    }

    private static func read(_ file: String, atMost limit: Int) throws(Unusable) -> [UInt8] {
        do throws(FileUnreadable) { return try RegularFile.read(file, atMost: limit) } catch {
            throw Unusable(description: error.description)
        }
    }

    deinit { X509_STORE_free(store) }

    private static func empty() -> OpaquePointer {
        guard let store = X509_STORE_new() else { preconditionFailure("out of memory") }
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN) | UInt(X509_V_FLAG_TRUSTED_FIRST))
        return store
    }

    private static func add(pem: [UInt8], to store: OpaquePointer) -> (count: Int, isWhole: Bool) {
        add(pem) {
            PEM_read_bio_X509($0, nil, agent_no_password, nil)
        } taking: { certificate in
            defer { X509_free(certificate) }
            return X509_STORE_add_cert(store, certificate) == 1
        }
    }

    private static func add(revocationLists pem: [UInt8], to store: OpaquePointer) -> (count: Int, isWhole: Bool) {
        add(pem) {
            PEM_read_bio_X509_CRL($0, nil, agent_no_password, nil)
        } taking: { list in
            defer { X509_CRL_free(list) }
            return X509_STORE_add_crl(store, list) == 1
        }
    }

    /// The number of objects added, and whether the text was complete.
    private static func add(
        _ pem: [UInt8], reading next: (OpaquePointer) -> OpaquePointer?, taking: (OpaquePointer) -> Bool
    ) -> (count: Int, isWhole: Bool) {
        pem.withUnsafeBytes { raw in
            guard !raw.isEmpty, let bio = BIO_new_mem_buf(raw.baseAddress, Int32(raw.count)) else { return (0, true) }
            defer {
                BIO_free(bio)
                ERR_clear_error()
            }
            var count = 0
            ERR_clear_error()
            while let object = next(bio) {
                guard taking(object) else { return (count, false) }
                count += 1
                ERR_clear_error()
            }
            return (count, agent_pem_is_over() == 1)
        }
    }
}
