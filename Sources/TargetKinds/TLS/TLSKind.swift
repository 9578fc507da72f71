import Outbound
import Probing
import Transfers

/// `tls`: the certificates and the session of a TLS server, from the start of the connection or after STARTTLS.
struct TLSKind: TargetKind {
    typealias Check = TLSProbe

    static let name = "tls"
    let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is host:port; without a port, it is 443 or that of the protocol which 'starttls' names. Its name is resolved, and one of its addresses is connected to.",
            "With 'starttls', the server is asked for TLS in its own protocol.",
            "The chain is verified; the peer's certificates are recorded even if that fails.",
            "With 'pins', one of them must be of the server's certificate, or of an issuer that it presents and that is part of the verified chain. With 'maximumLifetime', a longer validity is a warning.",
            "A stapled OCSP response, which is asked for, must not say that the certificate was revoked; one that cannot be used is a warning, and a failure if the certificate demands one.",
            "With 'revocation', the authority is asked too, at the address that the verified certificate names: its OCSP responder, or its revocation list. If it cannot be asked, that is a warning. What it says is used again for an hour and no longer than it holds; a list is not fetched again before its next issue is due.",
        ],
        stages: [.resolve, .connect, .endpoint, .tls],
        metrics: ResolutionFacts.metrics + TargetRun.handshakeMetrics + SessionMetrics.all + [RevocationSource.status],
        reasons: TLSServerOptions.reasons + [.pinMismatch, .lifetimeTooLong, .stapleMissing, .stapleUnusable, .revocationUnknown],
        options: TLSServerOptions.guide + [
            CertificatePin.guide, .init("alpn", "protocols to offer, such as h2 and http/1.1", settableThroughAgent: true),
            RevocationSource.guide,
            .init("maximumLifetime", "how long the server's certificate may be valid in all, such as 398d", settableThroughAgent: true),
        ])

    func expected(insteadOf target: String) -> String? { TLSServerOptions.endpoint(target) == nil ? TLSServerOptions.expected : nil }

    func readOptions(_ reader: SettingsReader) -> TLSProbeOptions {
        var server = TLSServerOptions(reader, services)
        server.tls.settings.asksForStatus = true
        server.tls.settings.protocols = reader.strings("alpn") ?? []
        if server.tls.settings.protocols.contains(where: { !(1...255).contains($0.utf8.count) }) {
            reader.error("'alpn' must contain names of 1 to 255 bytes", at: reader.location(of: "alpn"))
        }
        return TLSProbeOptions(
            server: server, pins: CertificatePin.read(reader, "pins"),
            maximumLifetime: reader.duration("maximumLifetime"), revocation: reader.choice("revocation", RevocationSource.self))
    }
}

struct TLSProbeOptions: Sendable {
    var server: TLSServerOptions
    /// Empty: any certificate.
    var pins: [CertificatePin]
    /// Nil: any.
    var maximumLifetime: Duration?
    /// Nil: only a stapled response is looked at.
    var revocation: RevocationSource?
}
