import Probing

/// `key-size`: whether the OAuth certificate's key and signature are strong enough.
struct KeySizeKind: ProbeKind {
    static let name = "key-size"
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The key of every visible current and next copy must be RSA and have at least the minimum size (2048 bits). Exchange signs with RS256, so an EC key fails.",
            "A SHA-1 or MD5 signature is a warning. SampleValue: the size of the smallest key in bits.",
        ],
        stages: [.certificate, .metadata],
        reasons: [.keyTooSmall, .keyTypeUnsupported, .signatureWeak, .notObserved] + .snapshot,
        options: [.init("minimumKeyBits", "minimum RSA key size in bits (default: thresholds.minimumKeyBits)", settableThroughAgent: true)])

    func readOptions(_ reader: SettingsReader) -> KeySizeOptions {
        KeySizeOptions(minimumKeyBits: reader.integer("minimumKeyBits", in: 512...16384))
    }

    func discover(_ options: KeySizeOptions, at place: Place) -> Discovery {
        var thresholds = place.organization.thresholds
        thresholds.minimumKeyBits = options.minimumKeyBits ?? thresholds.minimumKeyBits
        return services.probe(at: place) { [services, thresholds] place, snapshot in
            KeySizeProbe(place: place, copies: services.copies(at: place, snapshot: snapshot), thresholds: thresholds)
        }
    }
}

struct KeySizeOptions: Sendable {
    var minimumKeyBits: Int?
}
