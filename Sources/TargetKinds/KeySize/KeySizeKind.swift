import Certificates
import Probing

/// `key-size` with targets: whether the keys and signatures of the certificates of TLS servers and files are strong enough.
struct KeySizeKind: ProbeKind {
    static let name = "key-size"
    let aim = KindAim.targets
    let isProber = false
    let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            CertificateSourceOptions.check,
            "An RSA or DSA key has at least the minimum size (2048 bits), an EC key 256 bits.",
            "A SHA-1 or MD5 signature is a warning, but not of a root, which is trusted for what it is. SampleValue: the size of the smallest key in bits.",
        ],
        stages: CertificateSourceOptions.stages,
        metrics: CertificateSourceOptions.metrics,
        reasons: [.keyTooSmall, .signatureWeak] + CertificateSourceOptions.reasons,
        options: [
            .init("minimumKeyBits", "minimum RSA key size in bits (default: thresholds.minimumKeyBits)", settableThroughAgent: true)
        ] + CertificateSourceOptions.guide)

    func expected(insteadOf target: String) -> String? { CertificateSourceOptions.expected(insteadOf: target) }

    func readOptions(_ reader: SettingsReader) -> KeySizeOptions {
        KeySizeOptions(
            source: CertificateSourceOptions(reader, services), minimumKeyBits: reader.integer("minimumKeyBits", in: 512...16384))
    }

    func discover(_ options: KeySizeOptions, at place: Place) -> Discovery {
        guard let target = place.target else { return .notDefined(.needsTarget) }
        var options = options
        options.thresholds = place.organization.thresholds
        options.thresholds.minimumKeyBits = options.minimumKeyBits ?? options.thresholds.minimumKeyBits
        return .probe(KeySizeProbe(target: target, options: options, services: services))
    }
}

struct KeySizeOptions: Sendable {
    var source: CertificateSourceOptions
    var minimumKeyBits: Int?
    /// Those of the organization, unless the options say otherwise.
    var thresholds = Thresholds()
}

struct KeySizeProbe: TargetProbe {
    let target: Target
    let options: KeySizeOptions
    let services: TargetServices

    func check(_ run: inout TargetRun, _ facts: inout NoFacts) async {
        guard let found = await run.findCertificates(options.source) else { return }
        let certificates = found.merged
        if let smallest = certificates.map(\.facts.keyBits).min() { run.sample(Double(smallest)) }
        run.find(
            mostOf: certificates.flatMap { certificate in
                let facts = certificate.facts
                return [
                    options.thresholds.keySize(of: facts, certificate.subject, certificate.stage),
                    facts.isSelfIssued ? nil : options.thresholds.signature(of: facts, certificate.subject, certificate.stage),
                ].compactMap(\.self)
            })
    }
}

extension CertificateFacts {
    /// Whether it names itself as its issuer, as a root does.
    fileprivate var isSelfIssued: Bool { subject == issuer }
}
