import Monitoring
import ProbeFiles
import Probing
import TestSupport
import Testing

@Suite struct OptionWarningTests {
    /// Has an option that is deprecated.
    private struct Kind: ProbeKind {
        static let name = "old"
        let guide = KindGuide(checks: [], stages: [], reasons: [])

        func readOptions(_ reader: SettingsReader) -> String? {
            let text = reader.string("word")
            if text != nil { reader.warning("'word' is deprecated", at: reader.location(of: "word")) }
            return text
        }

        func discover(_ options: String?, at place: Place) -> Discovery { .notDefined(NotDefined(because: "", configured: options ?? "")) }
    }

    @Test("a definition whose options bring a warning is in the plan, and so is the warning")
    func kept() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            "agent.yaml",
            "organization: fabrikam.com\nservers: [{ name: mbx01.fabrikam.com }]\nauthConfig: { currentCertificateThumbprint: 7595DBDEA83DACB5757441D44899BCDB9911253C }\n"
        )
        try directory.write("probes/a.yaml", "healthSet: Set\nname: A\nkind: old\noptions: { word: x }\n")
        let files = PlanFiles(configurationPath: directory.path + "/agent.yaml", probesDirectory: directory.path + "/probes")
        let plan = try files.read(kinds: KindCatalog([Kind()]))
        #expect(plan.definitions.map(\.identity.name) == ["A"])
        #expect(plan.warnings.map(\.sentence) == ["'word' is deprecated"])
        #expect(files.definitions(kinds: KindCatalog([Kind()])).count == 1)
    }
}
