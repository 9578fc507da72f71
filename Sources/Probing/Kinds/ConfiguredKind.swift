/// A kind with the options of one definition or module, which are read once.
package struct ConfiguredKind: Sendable {
    private let kind: any ProbeKind
    /// The options as written.
    package let options: Setting
    /// Problems with the options, in their order.
    package let diagnostics: [Diagnostic]
    private let make: @Sendable (Place) -> Discovery

    package init(_ kind: any ProbeKind, options: Setting) {
        self.kind = kind
        self.options = options
        (make, diagnostics) = Self.read(options, by: kind)
    }

    package var name: String { kind.name }
    package var aim: KindAim { kind.aim }
    package var isProber: Bool { kind.isProber }
    package var guide: KindGuide { kind.guide }
    package var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }

    /// The same kind with other options.
    package func with(_ options: Setting) -> ConfiguredKind { ConfiguredKind(kind, options: options) }

    /// Creates the probe for a place, or returns why it is not defined there, such as invalid options.
    package func discover(at place: Place) -> Discovery {
        guard errors.isEmpty else {
            return .notDefined(NotDefined(because: "its options were invalid", configured: ConfigurationRefused(errors).description))
        }
        return make(place)
    }

    private static func read<Kind: ProbeKind>(
        _ options: Setting, by kind: Kind
    ) -> (make: @Sendable (Place) -> Discovery, diagnostics: [Diagnostic]) {
        let notes = SettingsReader.Notes()
        let reader = SettingsReader(options, what: "options of kind '\(kind.name)'", notes: notes)
        let options = kind.readOptions(reader)
        reader.finish()
        return ({ kind.discover(options, at: $0) }, notes.diagnostics)
    }
}
