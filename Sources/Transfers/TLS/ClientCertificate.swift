import CCurl
import Documents

/// The agent's client certificate: PEM files, read when a session starts.
package struct ClientCertificate: Sendable, Hashable {
    struct Unusable: Error {
        /// One sentence that names the file and contains nothing of its content.
        var sentence: String
    }

    /// The leaf, followed by its issuers.
    package var certificateFile: String
    package var keyFile: String

    package init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }

    /// Sets both on a context. OpenSSL's file functions are not used, because they have no size limit and prompt for a key's password.
    func use(in context: OpaquePointer) throws(Unusable) {
        defer { ERR_clear_error() }
        let (certificate, key): ([UInt8], [UInt8])
        do throws(FileUnreadable) {
            certificate = try RegularFile.read(certificateFile, atMost: RegularFile.certificateLimit)
            key = try RegularFile.read(keyFile, atMost: RegularFile.credentialLimit)
        } catch { throw Unusable(sentence: "the client certificate cannot be used: \(error)") }
        guard Self.use(certificate: certificate, in: context) else {
            throw Unusable(sentence: "the client certificate \(certificateFile) cannot be used")
        }
        guard Self.use(key: key, in: context), SSL_CTX_check_private_key(context) == 1 else {
            throw Unusable(sentence: "the client key \(keyFile) cannot be used with the certificate \(certificateFile)")
        }
    }

    private static func use(certificate bytes: [UInt8], in context: OpaquePointer) -> Bool {
        bytes.withUnsafeBytes { raw in
            guard let bio = BIO_new_mem_buf(raw.baseAddress, Int32(raw.count)) else { return false }
            defer { BIO_free(bio) }
            var isLeaf = true
            while let certificate = PEM_read_bio_X509_AUX(bio, nil, { _, _, _, _ in -1 }, nil) {
                defer { X509_free(certificate) }
                let isTaken =
                    isLeaf
                    ? SSL_CTX_use_certificate(context, certificate) == 1
                    : SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(certificate)) == 1
                guard isTaken else { return false }
                isLeaf = false
            }
            return !isLeaf && agent_pem_is_over() == 1
        }
    }

    private static func use(key bytes: [UInt8], in context: OpaquePointer) -> Bool {
        bytes.withUnsafeBytes { raw in
            guard let bio = BIO_new_mem_buf(raw.baseAddress, Int32(raw.count)) else { return false }
            defer { BIO_free(bio) }
            guard let key = PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil) else { return false }
            defer { EVP_PKEY_free(key) }
            return SSL_CTX_use_PrivateKey(context, key) == 1
        }
    }
}
