import CCurl

/// Digests that protocols ask for, by OpenSSL.
package enum Digest {
    /// 20 bytes. For what RFCs demand it for (RFC 6455's handshake), never for trust.
    package static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        var length: UInt32 = 0
        return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            _ = EVP_Digest(bytes, bytes.count, buffer.baseAddress, &length, EVP_sha1(), nil)
            count = Int(length)
        }
    }
}
