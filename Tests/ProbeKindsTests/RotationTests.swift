import Certificates
import ExchangeExport
import FoundationEssentials
import Probing
import TestSupport
import Testing

@testable import ProbeKinds

/// What `certificate-rotation` and `certificate-presence` say of snapshots.
@Suite struct RotationTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private static let (current, next) = (String(repeating: "A", count: 40), String(repeating: "B", count: 40))

    private static func text(_ days: Double) -> String { "\"\(now.addingTimeInterval(days * 86400).formatted(.iso8601))\"" }

    private static func certificate(_ thumbprint: String, days: Double, key: Bool = true, services: String? = nil) -> String {
        """
        {"thumbprint": "\(thumbprint)", "notBefore": \(text(days - 5 * 365)), "notAfter": \(text(days)), "hasPrivateKey": \(key),
         "services": \(services.map { "[\($0)]" } ?? "null")}
        """
    }

    private static func server(_ name: String, _ certificates: [String]?, transport: String = "") -> String {
        """
        {"name": "\(name)", "isReachable": \(certificates != nil), "internalTransportThumbprint": "\(transport)",
         "certificates": \(certificates.map { "[\($0.joined(separator: ", "))]" } ?? "null")}
        """
    }

    private static func snapshot(_ authConfig: String, _ servers: [String]) throws -> ExchangeSnapshot {
        let text = """
            {"schema": 1, "collectedAt": \(text(0)), "organization": {"name": "Fabrikam"}, "authConfig": \(authConfig),
             "servers": [\(servers.joined(separator: ", "))]}
            """
        return try ExchangeSnapshot(Array(text.utf8))
    }

    private static func place(_ server: String? = nil) -> Place {
        Place(organization: Organization(), server: server.map { Server(name: $0) })
    }

    private static func run(_ probe: some Probe) async -> (ResultType, [String]) {
        let outcome = await probe.run(RunContext(date: now, deadline: .seconds(5), time: SystemTime()))
        return (outcome.resultType, outcome.findings.map { "\($0.severity.rawValue) \($0.reason.rawValue)" })
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Days until the current certificate ends.
        var current: Double
        /// Days until the next one ends, and until it takes effect; nil without a next one.
        var next: (end: Double, effect: Double?)?
        /// What MonitorExchangeAuthCertificate does, and why ours differs where it does.
        var peer: String
        var expected: [String]
    }

    @Test(
        "each state of AuthConfig has its finding",
        arguments: [
            Row(testDescription: "long valid, none staged", current: 400, next: nil, peer: "nothing", expected: []),
            Row(testDescription: "60 days and a bit", current: 60.5, next: nil, peer: "nothing: whole days, rounded", expected: []),
            Row(
                testDescription: "59 days, none staged", current: 59, next: nil, peer: "stages a next one",
                expected: ["warning rotation_missing"]),
            Row(
                testDescription: "29 days, none staged", current: 29, next: nil,
                peer: "stages a next one, no difference to 59 days; ours is more urgent",
                expected: ["failure rotation_missing"]),
            Row(
                testDescription: "expired, none staged", current: -1, next: nil, peer: "replaces the current one at once",
                expected: ["failure rotation_missing"]),
            Row(testDescription: "59 days, staged", current: 59, next: (1800, 10), peer: "nothing", expected: []),
            Row(
                testDescription: "59 days, the next one ends in 100", current: 59, next: (100, 10), peer: "stages a newer one",
                expected: ["warning certificate_expires_soon"]),
            Row(
                testDescription: "400 days, the next one ends in 100", current: 400, next: (100, 10),
                peer: "nothing until the current one has 60 days; ours looks at the order at once",
                expected: ["warning rotation_ends_earlier"]),
            Row(
                testDescription: "effective a day after the current one's end", current: 40, next: (1800, 41), peer: "not looked at",
                expected: ["failure rotation_too_late"]),
            Row(
                testDescription: "effective twelve hours ago", current: 40, next: (1800, -0.5),
                peer: "not looked at; Exchange itself needs up to twelve hours", expected: ["warning rotation_overdue"]),
            Row(
                testDescription: "effective two days ago", current: 40, next: (1800, -2), peer: "not looked at",
                expected: ["failure rotation_overdue"]),
            Row(
                testDescription: "no effective date", current: 400, next: (1800, nil), peer: "not looked at",
                expected: ["failure rotation_too_late"]),
        ])
    func table(row: Row) async throws {
        let dates = row.next.map { next in
            ", \"nextThumbprint\": \"\(Self.next)\"" + (next.effect.map { ", \"nextEffectiveDate\": \(Self.text($0))" } ?? "")
        }
        let held =
            [Self.certificate(Self.current, days: row.current)] + (row.next.map { [Self.certificate(Self.next, days: $0.end)] } ?? [])
        let snapshot = try Self.snapshot("{\"currentThumbprint\": \"\(Self.current)\"\(dates ?? "")}", [Self.server("mbx01", held)])
        let (_, findings) = await Self.run(CertificateRotationProbe(place: Self.place(), snapshot: snapshot))
        #expect(findings == row.expected)
    }

    @Test("that no next certificate is staged is a consequence once the current one has expired, and a problem of its own before")
    func expired() async throws {
        let watcher = ProbeIdentity(healthSet: "OAuth", name: "Expiry")
        let place = Place(organization: Organization(), server: nil, watchers: [CertificateExpiryKind.name: watcher])
        let rows: [(Double, ProbeIdentity?, String)] = [(1, nil, "expires"), (0, watcher, "expired"), (-1, watcher, "expired")]
        for (days, cause, word) in rows {
            let snapshot = try Self.snapshot(
                "{\"currentThumbprint\": \"\(Self.current)\"}", [Self.server("mbx01", [Self.certificate(Self.current, days: days)])])
            let outcome = await CertificateRotationProbe(place: place, snapshot: snapshot).run(
                RunContext(date: Self.now, deadline: .seconds(5), time: SystemTime()))
            let finding = try #require(outcome.findings.first)
            #expect(outcome.findings.count == 1 && finding.reason == .rotationMissing && finding.cause == cause)
            #expect(finding.certificate?.description == Self.current && finding.sentence.contains(" \(word) at "), "\(finding.sentence)")
        }
    }

    @Test("AuthConfig without a certificate, with one twice, or with one that nobody has")
    func broken() async throws {
        let good = Self.server("mbx01", [Self.certificate(Self.current, days: 400)])
        func findings(_ authConfig: String, _ servers: [String]) async throws -> [String] {
            await Self.run(CertificateRotationProbe(place: Self.place(), snapshot: try Self.snapshot(authConfig, servers))).1
        }
        #expect(try await findings("null", [good]) == ["unknown snapshot_incomplete"])
        #expect(try await findings("{\"currentThumbprint\": \"\"}", [good]) == ["failure certificate_missing"])
        let twice = "{\"currentThumbprint\": \"\(Self.current)\", \"nextThumbprint\": \"\(Self.current)\"}"
        #expect(try await findings(twice, [good]) == ["failure rotation_same_certificate"])
        let named = "{\"currentThumbprint\": \"\(Self.next)\"}"
        #expect(try await findings(named, [good]) == ["failure certificate_missing"])
        // A server that is away may have it: MonitorExchangeAuthCertificate decides nothing then, and neither does this.
        #expect(try await findings(named, [good, Self.server("mbx02", nil)]) == ["unknown snapshot_incomplete"])
        #expect(try await findings(named, []) == ["unknown snapshot_incomplete"])
    }

    @Test("a server without a certificate or its key fails, one that is away or not in the snapshot is unknown")
    func presence() async throws {
        let (current, next) = (Self.certificate(Self.current, days: 400), Self.certificate(Self.next, days: 1800))
        let authConfig = "{\"currentThumbprint\": \"\(Self.current)\", \"nextThumbprint\": \"\(Self.next)\", \"nextEffectiveDate\": "
        func findings(_ certificates: [String]?, effective: Double = 10, transport: String = "", of name: String = "MBX01") async throws
            -> [String]
        {
            let snapshot = try Self.snapshot(
                authConfig + Self.text(effective) + "}", [Self.server("mbx01", certificates, transport: transport)])
            return await Self.run(CertificatePresenceProbe(place: Self.place(name), snapshot: snapshot)).1
        }
        #expect(try await findings([current, next]) == [])
        #expect(try await findings([next]) == ["failure certificate_missing"])
        #expect(try await findings([Self.certificate(Self.current, days: 400, key: false), next]) == ["failure private_key_missing"])
        #expect(try await findings([current]) == ["warning certificate_missing"])
        #expect(try await findings([current], effective: -1) == ["failure certificate_missing"])
        #expect(try await findings(nil) == ["unknown snapshot_incomplete"])
        #expect(try await findings([current, next], of: "mbx02") == ["unknown snapshot_incomplete"])
        let web = String(repeating: "C", count: 40)
        let both = Self.certificate(web, days: 90, services: "\"IIS\", \"SMTP\"")
        #expect(try await findings([current, next, both], transport: web) == [])
        let expired = Self.certificate(web, days: -1, services: "\"IIS\", \"SMTP\"")
        #expect(
            try await findings([current, next, expired], transport: web) == [
                "failure service_without_certificate", "failure service_without_certificate", "failure service_without_certificate",
            ])
        let useless = Self.certificate(web, days: 90, services: "\"None\"")
        #expect(
            try await findings([current, next, useless]) == ["failure service_without_certificate", "failure service_without_certificate"])
        let mail = Self.certificate(web, days: 90, services: "\"smtp\"")
        #expect(try await findings([current, next, mail]) == ["failure service_without_certificate"])
        #expect(try await findings([current, next], transport: web) == ["failure service_without_certificate"])
    }
}
