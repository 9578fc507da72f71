import Certificates
import Probing

/// `thumbprint-drift` with targets: whether all servers and files of a set have the same certificate.
struct ThumbprintDriftKind: ProbeKind {
    static let name = "thumbprint-drift"
    let aim = KindAim.targets
    let isProber = false
    let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "Each target is a set, in which all have the same certificate: every address of the target's name, and the 'members'. A target or member is host:port of a TLS server, or an absolute path or pattern of files.",
            "Of a server its own certificate is compared, of a file the first one. Those that differ from most are named, or, with 'pins', those that match none of them.",
            "A server that cannot be asked is no failure, unless none can be. SampleValue: the number of different certificates.",
        ],
        stages: [.resolve, .compare, .tls],
        metrics: CertificateSourceOptions.metrics,
        reasons: [.thumbprintDrift, .notObserved, .dnsFailed, .systemRefused, .timeout] + .target,
        options: [
            .init("members", "further servers and files with the same certificate", settableThroughAgent: false), CertificatePin.guide,
        ] + CertificateSourceOptions.guide)

    func expected(insteadOf target: String) -> String? { CertificateSourceOptions.expected(insteadOf: target) }

    func readOptions(_ reader: SettingsReader) -> ThumbprintDriftOptions {
        ThumbprintDriftOptions(
            source: CertificateSourceOptions(reader, services), members: reader.strings("members") ?? [],
            pins: CertificatePin.read(reader, "pins"))
    }

    func discover(_ options: ThumbprintDriftOptions, at place: Place) -> Discovery {
        guard let target = place.target else { return .notDefined(.needsTarget) }
        return .probe(ThumbprintDriftProbe(target: target, options: options, services: services))
    }
}

struct ThumbprintDriftOptions: Sendable {
    var source: CertificateSourceOptions
    /// Servers and files beside the target, as written.
    var members: [String]
    /// Empty: most of the members decide.
    var pins: [CertificatePin]
}
