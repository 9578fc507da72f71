import FoundationEssentials
import Monitoring
import ProbeFiles
import Probing
import TestSupport
import Testing

@Suite struct KnownDatesTests {
    private static let kinds = KindCatalog([])

    private static func read(_ text: String?) throws -> (dates: KnownDates?, problems: [String]) {
        let directory = try TemporaryDirectory()
        let path = try directory.write("agent.yaml", "listen: 127.0.0.1:0\n")
        try directory.write("probes/README.md", "")
        if let text { try directory.write("probes/exchange/known-dates.yaml", text) }
        let files = PlanFiles(configurationPath: path, probesDirectory: directory.path + "/probes")
        let problems = files.diagnostics(kinds: kinds).filter { $0.severity == .error }.map {
            $0.description.replacing(directory.path + "/", with: "")
        }
        return (problems.isEmpty ? try files.read(kinds: kinds).configuration.organization.knownDates : nil, problems)
    }

    @Test("the file that is shipped is read whole, each line with its source")
    func shipped() throws {
        var folder = #filePath.split(separator: "/").dropLast(3).map(String.init)
        folder += ["probes", "exchange", "known-dates.yaml"]
        let text = String(decoding: try Data(contentsOf: URL(filePath: "/" + folder.joined(separator: "/"))), as: UTF8.self)
        let known = try #require(try Self.read(text).dates)
        #expect(Set(known.events.keys) == ["shared_principal_refused", "ews_restricted", "ews_ended"])
        #expect(known.events["ews_ended"]?.date == (try Date("2027-04-01T00:00:00Z", strategy: .iso8601)))
        #expect(known.builds["subscription_edition"] == "15.2.2562" && known.graphPermissions.count == 4)
    }

    @Test("without the file there are no dates; a wrong line is an error with its place")
    func problems() throws {
        #expect(try Self.read(nil).dates == KnownDates())
        for (text, problem) in [
            ("dates: [{ id: ews_ended, date: 2027-02-30, what: b, source: c, read: 2026-11-24 }]\n", "1:32: error: 'date' must be a day"),
            ("dates: [{ id: ews_ended, date: 2027-02-28, what: b, read: 2026-11-24 }]\n", "1:9: error: each line needs 'source'"),
            ("dates: [{ id: a, date: 2027-02-28, what: b, source: c, read: d }]\n", "1:15: error: unknown id 'a'; known ids: "),
            ("dated: []\n", "1:1: error: unknown key 'dated'"),
        ] {
            let found = try Self.read(text).problems
            #expect(found.count == 1 && found[0].hasPrefix("probes/exchange/known-dates.yaml:" + problem), "\(found)")
        }
    }
}
