import CCurl

/// A library context of OpenSSL with the algorithms of its legacy provider, which old PKCS#12 files are encrypted with.
///
/// It is separate from that of the process, where these algorithms remain unavailable.
final class OpenSSLContext: Sendable {
    /// Made when it is first used.
    static let shared = OpenSSLContext()

    // Safe because it is never changed, and OpenSSL's library contexts are thread-safe.
    nonisolated(unsafe) let pointer: OpaquePointer?
    /// Nil if it is not installed: Debian has it in a package of its own since release 13.
    // Safe because it is never changed: it is only compared with nil, and unloaded at the end.
    private nonisolated(unsafe) let legacy: OpaquePointer?
    // Safe because it is never changed: it is only unloaded at the end.
    private nonisolated(unsafe) let standard: OpaquePointer?

    /// - Parameter provider: the name of the module; another one only in tests.
    init(legacyProvider provider: String = "legacy") {
        defer { ERR_clear_error() }
        pointer = OSSL_LIB_CTX_new()
        standard = OSSL_PROVIDER_load(pointer, "default")
        legacy = OSSL_PROVIDER_load(pointer, provider)
    }

    deinit {
        for provider in [legacy, standard] {
            if let provider { OSSL_PROVIDER_unload(provider) }
        }
        OSSL_LIB_CTX_free(pointer)
    }

    /// Why an algorithm is not available: `which only OpenSSL's legacy provider has, and that is not installed`.
    var reasonOfAbsence: String {
        legacy == nil ? "which needs OpenSSL's legacy provider, and that is not installed (legacy.so)" : "which OpenSSL does not support"
    }

    /// Whether there is the cipher with this number (NID).
    func hasCipher(_ number: Int32) -> Bool {
        guard let cipher = EVP_CIPHER_fetch(pointer, OBJ_nid2sn(number), nil) else { return false }
        EVP_CIPHER_free(cipher)
        return true
    }

    /// Whether there is the digest with this number (NID).
    func hasDigest(_ number: Int32) -> Bool {
        guard let digest = EVP_MD_fetch(pointer, OBJ_nid2sn(number), nil) else { return false }
        EVP_MD_free(digest)
        return true
    }
}
