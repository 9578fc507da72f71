import CCurl

/// Public keys in one encoding, so that those of certificates and of private keys can be compared: `SubjectPublicKeyInfo` in DER, points of
/// curves uncompressed.
enum PublicKeyEncoding {
    /// The maximum size of a private key in DER, in bytes.
    private static let sizeLimit = 64 << 10
    /// Types whose public key OpenSSL computes from the private one, in a time that the file decides.
    private static let refusedTypes: Set<Int32> = [NID_dsa, NID_dhKeyAgreement, NID_dhpublicnumber]

    /// Nil for a certificate whose key cannot be parsed.
    static func ofCertificate(_ der: [UInt8]) -> [UInt8]? {
        guard let certificate = der.withUnsafeBufferPointer({ DER.parse($0, d2i_X509, releasedBy: X509_free) }) else { return nil }
        defer { X509_free(certificate) }
        return encode(X509_get0_pubkey(certificate))
    }

    /// The public key of an unencrypted private key; nil if it cannot be parsed, for a type that is not supported, and for a large key.
    /// - Parameter type: of a key that is not in PKCS#8: `EVP_PKEY_RSA`.
    static func ofPrivateKey(_ der: UnsafeBufferPointer<UInt8>, type: Int32?) -> [UInt8]? {
        guard der.count <= sizeLimit else { return nil }
        if let key = DER.parse(der, d2i_PKCS8_PRIV_KEY_INFO, releasedBy: PKCS8_PRIV_KEY_INFO_free) {
            defer { PKCS8_PRIV_KEY_INFO_free(key) }
            return ofPrivateKey(key)
        }
        var cursor = der.baseAddress
        guard let type, let key = d2i_PrivateKey(type, nil, &cursor, der.count) else { return nil }
        defer { EVP_PKEY_free(key) }
        return encode(key)
    }

    /// The public key of an OpenSSL `PKCS8_PRIV_KEY_INFO`; nil as above.
    static func ofPrivateKey(_ info: OpaquePointer) -> [UInt8]? {
        var algorithm: OpaquePointer?
        var length: Int32 = 0
        guard PKCS8_pkey_get0(&algorithm, nil, &length, nil, info) == 1, length <= sizeLimit,
            !refusedTypes.contains(OBJ_obj2nid(algorithm)), let key = EVP_PKCS82PKEY(info)
        else { return nil }
        defer { EVP_PKEY_free(key) }
        return encode(key)
    }

    private static func encode(_ key: OpaquePointer?) -> [UInt8]? {
        guard let key else { return nil }
        if EVP_PKEY_get_base_id(key) == EVP_PKEY_EC {
            EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed")
        }
        var encoded: UnsafeMutablePointer<UInt8>?
        let length = i2d_PUBKEY(key, &encoded)
        guard length > 0, let encoded else { return nil }
        defer { agent_openssl_free(encoded) }
        return Array(UnsafeBufferPointer(start: encoded, count: Int(length)))
    }
}
