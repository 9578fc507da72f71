import ExchangeExport
import FoundationEssentials
import Probing
import TestSupport
import Testing

@testable import ProbeKinds

/// What `hybrid-readiness` says of snapshots, before and after the announced dates.
@Suite struct ReadinessTests {
    private static let application = "93d1b0a4-4c4b-4d0e-9f0c-2f2f8d2f6d52"
    private static let dedicated = #"{"name": "EvoSts", "type": "AzureAD", "enabled": true, "applicationId": "\#(application)"}"#
    private static let override =
        #"{"name": "A", "component": "Global", "section": "ExchangeOnpremAsThirdPartyAppId", "parameters": ["Enabled=true"]}"#
    private static let route = #"{"name": "B", "component": "Global", "section": "RouteThroughMSGraph", "parameters": ["Enabled=true"]}"#

    private static func day(_ text: String) throws -> Date { try Date(text + "T00:00:00Z", strategy: .iso8601) }

    private static func organization(_ online: ExchangeOnline?) throws -> Organization {
        var organization = Organization()
        organization.exchangeOnline = online
        for (id, date) in [
            ("shared_principal_refused", "2025-10-31"), ("ews_restricted", "2026-10-01"), ("ews_ended", "2027-04-01"),
        ] {
            organization.knownDates.events[id] = KnownDates.Event(date: try day(date), what: id)
        }
        organization.knownDates.builds["graph_route"] = "15.2.2562"
        return organization
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var date = "2026-01-01"
        var features: String? = #"["FreeBusy", "SecureMail"]"#
        var authServers = dedicated
        var overrides = override
        var version = "15.2.2562.17"
        var online: ExchangeOnline?
        var expected: [String]
    }

    @Test(
        "each state has its finding, and the announced dates change it",
        arguments: [
            Row(testDescription: "ready", expected: []),
            Row(testDescription: "no hybrid configuration", features: nil, authServers: "", overrides: "", expected: []),
            Row(testDescription: "no feature that needs it", features: #"["SecureMail"]"#, authServers: "", overrides: "", expected: []),
            Row(
                testDescription: "shared, before it is refused", date: "2025-10-01", authServers: "",
                expected: ["warning application shared_principal_blocked"]),
            Row(testDescription: "shared", authServers: "", expected: ["failure application shared_principal_blocked"]),
            Row(
                testDescription: "disabled", authServers: dedicated.replacing("true", with: "false"),
                expected: ["failure application shared_principal_blocked"]),
            Row(
                testDescription: "two applications",
                authServers: dedicated + ", " + dedicated.replacing("93d1", with: "0000"), expected: ["failure application config_mismatch"]
            ),
            Row(testDescription: "no override", overrides: "", expected: ["failure override override_missing"]),
            Row(
                testDescription: "one that turns it on, one that turns it off",
                overrides: override + ", " + override.replacing("=true", with: "=false"), expected: ["failure override override_doubled"]),
            Row(
                testDescription: "override for another server",
                overrides: override.replacing("\"parameters\"", with: "\"servers\": [\"mbx02\"], \"parameters\""),
                expected: ["failure override override_missing"]),
            Row(
                testDescription: "override for newer builds",
                overrides: override.replacing("\"parameters\"", with: "\"minimumVersion\": \"15.2.9999.0\", \"parameters\""),
                expected: ["failure override override_missing"]),
            Row(
                testDescription: "named like the route, and off", date: "2027-05-01",
                overrides: override
                    + #", {"name": "RouteThroughMSGraph", "component": "Global", "section": "x", "parameters": ["Enabled=true", "RouteThroughMSGraph=false"]}"#,
                expected: ["failure graph graph_route_missing"]),
            Row(
                testDescription: "the shared principal as application",
                authServers: dedicated.replacing(application, with: "00000002-0000-0ff1-ce00-000000000000"),
                expected: ["failure application shared_principal_blocked"]),
            Row(
                testDescription: "override that turns it off", overrides: override.replacing("=true", with: "=false"),
                expected: ["failure override override_missing"]),
            Row(testDescription: "two overrides", overrides: override + ", " + override, expected: ["failure override override_doubled"]),
            Row(
                testDescription: "EWS restricted, not allowed", date: "2026-11-01",
                online: ExchangeOnline(isEWSEnabled: false, allowedApplicationIDs: []),
                expected: ["warning graph graph_route_missing", "failure ews ews_blocked"]),
            Row(
                testDescription: "EWS restricted, another application allowed", date: "2026-10-01",
                online: ExchangeOnline(isEWSEnabled: true, allowedApplicationIDs: ["x"]), expected: ["failure ews ews_blocked"]),
            Row(
                testDescription: "EWS restricted, allowed", date: "2026-10-02",
                online: ExchangeOnline(isEWSEnabled: true, allowedApplicationIDs: [application.uppercased()]), expected: []),
            Row(
                testDescription: "EWS ended", date: "2027-04-01",
                online: ExchangeOnline(isEWSEnabled: true, allowedApplicationIDs: [application]),
                expected: ["failure graph graph_route_missing"]),
            Row(testDescription: "routed after the end of EWS", date: "2027-05-01", overrides: override + ", " + route, expected: []),
            Row(
                testDescription: "routed, with an old build", overrides: override + ", " + route, version: "15.2.1748.10",
                expected: ["failure graph build_too_old"]),
        ])
    func table(row: Row) async throws {
        let text = """
            {"schema": 1, "collectedAt": "2026-01-01T00:00:00Z", "organization": {"name": "Fabrikam"},
             "hybridConfiguration": \(row.features.map { "{\"features\": \($0)}" } ?? "null"),
             "authServers": [\(row.authServers)], "settingOverrides": [\(row.overrides)],
             "servers": [{"name": "mbx01", "isReachable": true, "version": "\(row.version)"}]}
            """
        let place = Place(organization: try Self.organization(row.online), server: nil)
        let probe = HybridReadinessProbe(place: place, snapshot: try ExchangeSnapshot(Array(text.utf8)))
        let outcome = await probe.run(RunContext(date: try Self.day(row.date), deadline: .seconds(5), time: SystemTime()))
        let found = outcome.findings.map { "\($0.severity.rawValue) \($0.stage.rawValue) \($0.reason.rawValue)" }
        #expect(found == row.expected, "\(outcome.findings.map(\.sentence))")
        #expect(probe.turns.count == 4)
    }

    @Test("what the snapshot does not contain is unknown")
    func unknown() async throws {
        let head = #"{"schema": 1, "collectedAt": "2026-01-01T00:00:00Z", "organization": {"name": "Fabrikam"}, "servers": [], "#
        for (text, stage) in [
            (#""errors": [{"cmdlet": "Get-HybridConfiguration", "kind": "denied"}]}"#, "features"),
            (#""hybridConfiguration": {"features": ["Photos"]}}"#, "application"),
            (#""hybridConfiguration": {"features": ["Photos"]}, "authServers": [\#(Self.dedicated)]}"#, "override"),
        ] {
            let probe = HybridReadinessProbe(
                place: Place(organization: try Self.organization(nil), server: nil),
                snapshot: try ExchangeSnapshot(Array((head + text).utf8)))
            let outcome = await probe.run(RunContext(date: try Self.day("2026-01-01"), deadline: .seconds(5), time: SystemTime()))
            #expect(outcome.resultType == .rejected && outcome.decisive?.reason == .snapshotIncomplete, "\(outcome.findings)")
            #expect(outcome.decisive?.stage.rawValue == stage)
        }
    }

    @Test(
        "builds are compared number by number",
        arguments: [
            ("15.2.1748.10", "15.2.2562", true), ("15.2.2562.17", "15.2.2562", false), ("15.2.2562", "15.2.2562.0", false),
            ("15.10.1", "15.2", false), ("15.1.2507.63", "15.2", true), ("", "15.2", false),
        ])
    func builds(build: String, minimum: String, expected: Bool) {
        #expect(HybridReadinessProbe.isOlder(build, than: minimum) == expected)
    }
}
