import CCurl
import FoundationEssentials
import Synchronization

/// Cache of chains that a trust store has verified for a name, so that the same bytes are not verified again while they are valid.
///
/// Only successful verdicts are cached. OpenSSL still checks the signatures of every handshake.
final class VerdictCache: Sendable {
    struct Known: Sendable {
        /// The chain and its verdict.
        var report: TLSReport
        var valid: Range<Date>
    }

    private struct Key: Hashable {
        var host: String
        /// SHA-256 of each certificate presented, in order.
        var digests: [UInt8]
    }

    private static let most = 20_000
    private let known = Mutex<[Key: Known]>([:])

    func known(_ presented: [OpaquePointer], _ host: String, at date: Date) -> Known? {
        let key = Self.key(presented, host)
        guard let found = known.withLock({ $0[key] }), found.valid.contains(date) else { return nil }
        return found
    }

    func keep(_ presented: [OpaquePointer], _ host: String, _ report: TLSReport, until valid: Range<Date>?) {
        guard let valid else { return }
        let key = Self.key(presented, host)
        known.withLock { known in
            // A full cache means far more peers than expected: it is emptied, which needs no bookkeeping of its order.
            if known.count >= Self.most { known = [:] }
            known[key] = Known(report: report, valid: valid)
        }
    }

    private static func key(_ presented: [OpaquePointer], _ host: String) -> Key {
        var digests: [UInt8] = []
        digests.reserveCapacity(presented.count * 32)
        for certificate in presented {
            var length: UInt32 = 0
            let digest = [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
                X509_digest(certificate, EVP_sha256(), buffer.baseAddress, &length)
                count = Int(length)
            }
            digests += digest
        }
        return Key(host: host, digests: digests)
    }
}
