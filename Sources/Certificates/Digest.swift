import CCurl

/// Digests required by protocols, computed by OpenSSL.
package enum Digest {
    /// The SHA-1 digest (20 bytes). Only for protocols that require it (the handshake of RFC 6455), not for security.
    package static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        var length: UInt32 = 0
        return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            _ = EVP_Digest(bytes, bytes.count, buffer.baseAddress, &length, EVP_sha1(), nil)
            count = Int(length)
        }
    }
}
