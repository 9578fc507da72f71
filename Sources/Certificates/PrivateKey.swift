import CCurl

/// Checks of private keys in PEM.
package enum PrivateKey {
    /// Whether the PEM private key can be parsed and belongs to the certificate, whose `der` must be set. False for an encrypted key.
    package static func isKey(_ pem: [UInt8], of certificate: CertificateFacts) -> Bool {
        defer { ERR_clear_error() }
        return pem.withUnsafeBytes { raw in
            guard let bio = BIO_new_mem_buf(raw.baseAddress, Int32(raw.count)) else { return false }
            defer { BIO_free(bio) }
            guard let key = PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil) else { return false }
            defer { EVP_PKEY_free(key) }
            return certificate.der.withUnsafeBufferPointer { der in
                var cursor = der.baseAddress
                guard let certificate = d2i_X509(nil, &cursor, der.count) else { return false }
                defer { X509_free(certificate) }
                return X509_check_private_key(certificate, key) == 1
            }
        }
    }
}
