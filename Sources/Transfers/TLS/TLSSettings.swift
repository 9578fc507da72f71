import CCurl
package import Certificates
package import FoundationEssentials

/// How one TLS session is to be made, and what its peer must present.
package struct TLSSettings: Sendable {
    package var trust: TrustedRoots
    /// False: a peer that does not verify is spoken with all the same; the verdict is recorded beside it.
    package var verifies = true
    /// The name asked for (SNI) and the name the certificate must bear; nil is the host the connection is for.
    package var serverName: String?
    package var minimum: TLSVersion = .v1_2
    package var maximum: TLSVersion?
    package var clientCertificate: ClientCertificate?
    /// The date the peer's chain is verified at; nil is now.
    package var verificationDate: Date?
    /// Certificates accepted in the presented chain.
    package var chainBound = 100
    /// Bytes of all of them together that are taken in, as Go takes in.
    static let chainBytes = 256 << 10

    package init(trust: TrustedRoots) { self.trust = trust }

    /// - Throws: `credentialUnreadable` that names the file.
    func trustStore(of stores: TrustStores) throws(ExchangeFailure) -> TrustStore {
        do throws(TrustStore.Unusable) { return try stores.store(trust) } catch {
            throw ExchangeFailure(kind: .credentialUnreadable, phase: .tls, sentence: error.description)
        }
    }

    /// The name to ask a host for. The dot that ends a full name in DNS is none of it.
    func name(for host: String) -> String {
        let name = serverName ?? host
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}

package enum TLSVersion: String, Sendable, Hashable, CaseIterable, Comparable {
    case v1_0 = "1.0"
    case v1_1 = "1.1"
    case v1_2 = "1.2"
    case v1_3 = "1.3"

    package static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.rawValue < right.rawValue }
}

/// A certificate that a peer presented, and its place among them.
package struct PresentedCertificate: Sendable, Hashable {
    /// 0 is the leaf.
    package var depth: Int
    package var facts: CertificateFacts
    /// Whether it is part of the chain that verified.
    package var isVerified = false
}

/// What a TLS handshake showed, also one that failed.
package struct TLSReport: Sendable {
    /// What the peer presented and can be read, in its order; empty where the handshake ended before.
    package var chain: [PresentedCertificate] = []
    /// The places of those that cannot be read.
    package var unreadable: [Int] = []
    /// The verdict on that chain; nil where the handshake ended before a certificate came.
    package var verdict: ChainVerdict?
    /// `TLSv1.3` of a completed handshake.
    package var version: String?
    /// OpenSSL's name of the cipher of a completed handshake, as RFCs spell it: `TLS_AES_128_GCM_SHA256`.
    package var cipher: String?
    /// The peer asked for a certificate of ours.
    package var asksForCertificate = false
    /// The peer does not support secure renegotiation (RFC 5746), below TLS 1.3.
    package var lacksSecureRenegotiation = false

    package init() {}

    /// The certificate that the peer vouches for itself with.
    package var leaf: CertificateFacts? { chain.first { $0.depth == 0 }?.facts }

    /// Takes over what OpenSSL says of a session that stands.
    mutating func read(_ session: OpaquePointer) {
        version = String(cString: SSL_get_version(session))
        cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(session)).map { String(cString: $0) }
        lacksSecureRenegotiation = SSL_version(session) < TLS1_3_VERSION && agent_ssl_has_secure_renegotiation(session) == 0
    }
}
