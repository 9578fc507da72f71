import Probing

/// `certificate-presence`: whether a server has the certificates that AuthConfig and its services need, with their private keys.
struct CertificatePresenceKind: ProbeKind {
    static let name = "certificate-presence"
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The server has AuthConfig's current certificate, and the next one if there is one, each with its private key.",
            "A valid certificate with a private key is enabled for IIS, another or the same for SMTP; the internal transport certificate is one of the server's and valid.",
            "The certificate that a mail connector names (TlsCertificateName) is on the server and does not expire soon; that of the connector to Exchange Online is the one that Get-HybridConfiguration names. The snapshot does not say which servers a send connector uses: where others have the certificate, it is a warning.",
            "Needs 'snapshot'; a server that did not answer is unknown.",
        ],
        stages: CertificatePresenceProbe.stages,
        reasons: [.certificateMissing, .privateKeyMissing, .serviceWithoutCertificate, .configMismatch] + .snapshot)

    func readOptions(_ reader: SettingsReader) {}

    func discover(_ options: Void, at place: Place) -> Discovery {
        guard place.server != nil else { return .notDefined(.needsServer) }
        return services.probeOfSnapshot(at: place) { place, snapshot in
            CertificatePresenceProbe(place: place, snapshot: snapshot)
        }
    }
}
