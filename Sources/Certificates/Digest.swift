import CCurl

/// Digests required by protocols, computed by OpenSSL.
package enum Digest: Sendable {
    /// Only for protocols and names that require it (RFC 6455, thumbprints), not for security.
    case sha1
    case sha256, sha384, sha512

    /// The digest of the bytes: 20, 32, 48 or 64 of them.
    package func of(_ bytes: [UInt8]) -> [UInt8] {
        var length: UInt32 = 0
        return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            _ = EVP_Digest(bytes, bytes.count, buffer.baseAddress, &length, algorithm, nil)
            count = Int(length)
        }
    }

    /// The MD5 digest, 16 bytes: not for security, only to divide data as other programs do.
    package static func md5(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return [UInt8](unsafeUninitializedCapacity: Int(MD5_DIGEST_LENGTH)) { buffer, count in
            agent_md5(bytes, bytes.count, buffer.baseAddress)
            count = Int(MD5_DIGEST_LENGTH)
        }
    }

    private var algorithm: OpaquePointer {
        switch self {
        case .sha1: EVP_sha1()
        case .sha256: EVP_sha256()
        case .sha384: EVP_sha384()
        case .sha512: EVP_sha512()
        }
    }
}
