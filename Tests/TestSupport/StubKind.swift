package import Probing

/// A kind that defines no probe anywhere, for tests of what is done with definitions.
package struct StubKind: ProbeKind {
    package static let name = "stub"
    package let name: String
    package let aim: KindAim
    package let guide: KindGuide

    package init(_ name: String = Self.name, aim: KindAim = .organization, stages: [Stage] = []) {
        self.name = name
        self.aim = aim
        guide = KindGuide(checks: [], stages: stages, reasons: [])
    }

    package func readOptions(_ reader: SettingsReader) -> Bool { true }
    package func discover(_ options: Bool, at place: Place) -> Discovery { .notDefined(NotDefined(because: "", configured: "")) }

    /// The kind without options.
    package var configured: ConfiguredKind { ConfiguredKind(self) }
}

extension ConfiguredKind {
    /// Without options.
    package init(_ kind: any ProbeKind) { self.init(kind, options: .empty(at: SourceLocation(path: "test.yaml"))) }
}
