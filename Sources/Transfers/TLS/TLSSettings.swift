package import Certificates
package import FoundationEssentials

/// How one TLS session is to be made, and what its peer must present.
package struct TLSSettings: Sendable {
    package var trust: TrustStore
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
    package var chainBound = 10

    package init(trust: TrustStore) { self.trust = trust }

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

/// What a TLS handshake showed, also one that failed.
package struct TLSReport: Sendable {
    /// What the peer presented, leaf first; empty where the handshake ended before.
    package var chain: [CertificateFacts] = []
    /// The verdict on that chain; nil where the handshake ended before a certificate came.
    package var verdict: ChainVerdict?
    /// `TLSv1.3` of a completed handshake.
    package var version: String?
    /// OpenSSL's name of the cipher of a completed handshake, as RFCs spell it: `TLS_AES_128_GCM_SHA256`.
    package var cipher: String?

    package init() {}
}
