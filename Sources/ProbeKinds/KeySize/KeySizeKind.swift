import HealthManager

/// `key-size`: whether the OAuth certificate's key and signature are strong enough.
struct KeySizeKind: ProbeKind {
    let name = "key-size"
    private let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The key of every visible copy in slots current and next: RSA of at least the minimum (2048 bits); Exchange signs with RS256, so an EC key fails.",
            "A signature with SHA-1 or MD5 is a warning. SampleValue: bits of the smallest key.",
        ],
        stages: [.certificate, .metadata],
        reasons: [.keyTooSmall, .keyTypeUnsupported, .signatureWeak, .notObserved],
        options: [.init("minimumKeyBits", "smallest RSA key accepted (default: thresholds.minimumKeyBits)", settableThroughAgent: true)])

    func readOptions(_ reader: SettingsReader) -> KeySizeOptions {
        KeySizeOptions(minimumKeyBits: reader.integer("minimumKeyBits", in: 512...16384))
    }

    func discover(_ options: KeySizeOptions, at place: Place) -> Discovery {
        let minimum = options.minimumKeyBits ?? place.configuration.thresholds.minimumKeyBits
        return .probe(KeySizeProbe(place: place, copies: services.copies(at: place), minimumKeyBits: minimum))
    }

    func clearCaches() async { await services.clearCaches() }
}

struct KeySizeOptions: Sendable {
    var minimumKeyBits: Int?
}
