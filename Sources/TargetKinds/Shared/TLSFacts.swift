package import FoundationEssentials
package import Probing

/// The negotiated TLS session; its certificates are separate observations.
package struct TLSFacts: Sendable, Hashable {
    /// `TLS 1.3`; nil if the handshake did not complete.
    package var version: String?
    /// `TLS_AES_128_GCM_SHA256`; nil if the handshake did not complete.
    package var cipher: String?
    /// The earliest notAfter of each verified chain, and of these the latest; nil if no chain verified.
    package var lastChainExpiry: Date?

    /// Those of `metrics` that the kind declares.
    package var declared: [MetricDefinition]
}

extension TLSFacts: TargetFacts {
    static let chainExpiry = MetricDefinition(
        "probe_ssl_last_chain_expiry_timestamp_seconds", "Latest expiry of the verified chains; a chain expires with its first certificate."
    )
    static let version = MetricDefinition("probe_tls_version_info", "TLS version of the session.")
    static let cipher = MetricDefinition("probe_tls_cipher_info", "Cipher suite of the TLS session.")

    /// Those that every kind with TLS but gRPC declares.
    static let metrics = [chainExpiry, version]

    package var measurements: [Measurement] {
        let all = [
            lastChainExpiry.map { Self.chainExpiry($0.timeIntervalSince1970) }, version.map { Self.version(1, [("version", $0)]) },
            cipher.map { Self.cipher(1, [("cipher", $0)]) },
        ]
        return all.compactMap(\.self).filter { declared.contains($0.metric) }
    }
}
