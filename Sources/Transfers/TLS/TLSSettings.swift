import CCurl
package import Certificates
package import FoundationEssentials

/// The settings of a TLS session and the verification of its peer.
package struct TLSSettings: Sendable {
    package var trust: TrustedRoots
    /// If false, a peer whose verification fails is accepted; the verdict is still recorded.
    package var verifies = true
    /// The SNI name, for which the certificate must be valid; nil means the host of the connection.
    package var serverName: String?
    package var minimum: TLSVersion = .v1_2
    package var maximum: TLSVersion?
    package var clientCertificate: ClientCertificate?
    /// Protocols to offer in ALPN, in order of preference, such as `h2`; empty: no offer.
    package var protocols: [String] = []
    /// Whether to ask for a stapled OCSP response, which is read but not judged.
    package var asksForStatus = false
    /// The date at which the peer's chain is verified; nil means now.
    package var verificationDate: Date?
    /// Maximum number of certificates in the presented chain.
    package var chainBound = 100
    /// Maximum total size of the presented certificates in bytes, as in Go.
    static let chainBytes = 256 << 10

    package init(trust: TrustedRoots) { self.trust = trust }

    /// - Throws: `credentialUnreadable` with the name of the file.
    func trustStore(of stores: TrustStores) throws(ExchangeFailure) -> TrustStore {
        do throws(TrustStore.Unusable) { return try stores.store(trust) } catch {
            throw ExchangeFailure(kind: .credentialUnreadable, phase: .tls, sentence: error.description)
        }
    }

    /// The server name for a host in ASCII, without the trailing dot of a fully qualified name.
    func name(for host: String) -> String {
        let name = serverName ?? host
        let ascii = HostName.ascii(name) ?? name
        return ascii.hasSuffix(".") ? String(ascii.dropLast()) : ascii
    }
}

/// A protocol version, as it is written in options; ordered.
package enum TLSVersion: String, Sendable, Hashable, CaseIterable, Comparable {
    case v1_0 = "1.0"
    case v1_1 = "1.1"
    case v1_2 = "1.2"
    case v1_3 = "1.3"

    package static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.rawValue < right.rawValue }
}

/// A certificate presented by a peer, and its position.
package struct PresentedCertificate: Sendable, Hashable {
    /// 0 is the leaf.
    package var depth: Int
    package var facts: CertificateFacts
    /// Whether it is part of the verified chain.
    package var isVerified = false
}

/// The result of a TLS handshake, whether or not it succeeded.
package struct TLSReport: Sendable {
    /// The presented certificates that can be parsed, in the peer's order; empty if the handshake ended before.
    package var chain: [PresentedCertificate] = []
    /// The positions of those that cannot be parsed.
    package var unreadable: [Int] = []
    /// The verdict on the chain; nil if the handshake ended before a certificate was received.
    package var verdict: ChainVerdict?
    /// The version of a completed handshake, such as `TLSv1.3`; nil if it did not complete.
    package var version: String?
    /// The RFC name of the cipher of a completed handshake: `TLS_AES_128_GCM_SHA256`.
    package var cipher: String?
    /// Whether the peer requested a client certificate.
    package var asksForCertificate = false
    /// The protocol that the peer chose of those offered in ALPN; nil if it chose none.
    package var applicationProtocol: String?
    /// The stapled OCSP response, or why it cannot be used; nil if there is none, or the settings do not ask for it.
    package var stapled: Result<StapledResponse, StapledResponse.Unusable>?
    /// The issuer of the peer's own certificate, from the verified chain; nil if that was not verified, is its own issuer, or the settings do
    /// not ask for the status.
    package var issuer: CertificateFacts?
    /// Whether a session below TLS 1.3 has no support for secure renegotiation (RFC 5746).
    package var lacksSecureRenegotiation = false

    package init() {}

    /// The peer's own certificate; nil if it was not received or cannot be parsed.
    package var leaf: CertificateFacts? { chain.first { $0.depth == 0 }?.facts }

    mutating func readIssuer(_ session: OpaquePointer) {
        let chain = SSL_get0_verified_chain(session)
        issuer = SSL_get_verify_result(session) == X509_V_OK ? agent_chain_at(chain, 1).flatMap { CertificateFacts($0) } : nil
    }

    /// Reads the properties of an established session.
    mutating func read(_ session: OpaquePointer) {
        version = String(cString: SSL_get_version(session))
        cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(session)).map { String(cString: $0) }
        stapled = StapledResponse.read(session)
        var (start, length): (UnsafePointer<UInt8>?, UInt32) = (nil, 0)
        SSL_get0_alpn_selected(session, &start, &length)
        applicationProtocol = start.map { String(decoding: UnsafeBufferPointer(start: $0, count: Int(length)), as: UTF8.self) }
        lacksSecureRenegotiation = SSL_version(session) < TLS1_3_VERSION && agent_ssl_has_secure_renegotiation(session) == 0
    }
}
