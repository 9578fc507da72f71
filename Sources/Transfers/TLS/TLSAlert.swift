/// An alert with which a peer ends a TLS session (RFC 8446, section 6).
struct TLSAlert: Hashable, CustomStringConvertible {
    let number: UInt8

    static let handshakeFailure = TLSAlert(number: 40)
    static let certificateRequired = TLSAlert(number: 116)

    /// Whether it reports a problem with a certificate: `bad_certificate` to `certificate_unknown`, `unknown_ca`, `access_denied`.
    var isAboutCertificate: Bool { (42...46).contains(number) || [48, 49].contains(number) }

    /// The name in the RFC and the number: `certificate_required (116)`.
    var description: String { "\(Self.names[number] ?? "alert") (\(number))" }

    private static let names: [UInt8: String] = [
        10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure", 42: "bad_certificate",
        43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
        47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
        71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 109: "missing_extension",
        110: "unsupported_extension", 112: "unrecognized_name", 113: "bad_certificate_status_response", 115: "unknown_psk_identity",
        116: "certificate_required", 120: "no_application_protocol",
    ]
}
