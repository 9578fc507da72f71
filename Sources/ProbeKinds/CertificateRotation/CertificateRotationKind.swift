import Probing

/// `certificate-rotation`: whether AuthConfig's current, next and previous certificates follow one another in time.
struct CertificateRotationKind: ProbeKind {
    static let name = "certificate-rotation"
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "AuthConfig names a current certificate. A next one is another certificate, has an effective date that has not passed, takes effect before the current one expires, and lasts longer.",
            "When the current certificate approaches its end (thresholds.warnBelow, failBelow), a next one is staged and at least one server has it. Needs 'snapshot'. SampleValue: days until the current one expires.",
        ],
        stages: CertificateRotationProbe.stages,
        metrics: MetricDefinition.oauthCertificate,
        reasons: [
            .certificateMissing, .rotationMissing, .rotationOverdue, .rotationTooLate, .rotationSameCertificate, .rotationEndsEarlier,
            .certificateExpiresSoon,
        ] + .snapshot)

    func readOptions(_ reader: SettingsReader) {}

    func discover(_ options: Void, at place: Place) -> Discovery {
        services.probeOfSnapshot(at: place) { place, snapshot in
            CertificateRotationProbe(place: place, snapshot: snapshot)
        }
    }
}
