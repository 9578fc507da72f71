import FoundationEssentials
import Monitoring
import TestSupport
import Testing

@Suite struct ForecastTests {
    private struct Forecast: Decodable {
        var today: [Event]
        var events: [Event]
    }

    private struct Event: Decodable {
        var date: Date
        var change: String
        var probe: String
        var server: String
        var reason: String?
        var thumbprint: String?
    }

    private struct Result: Decodable {
        struct Warning: Decodable { var reason: String }

        var reason: String?
        var warning: Bool
        var warnings: [Warning]

        var reasons: Set<String> { Set([reason].compactMap(\.self) + warnings.map(\.reason)) }
    }

    private func decoded<Document: Decodable>(_ type: Document.Type, _ text: String) throws -> Document {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(type, from: Data(text.utf8))
    }

    /// What a probe says when its clock is set to that date.
    private func verdict(_ site: AgentSite, _ event: Event, at date: Date) async throws -> Result? {
        let ended = try await site.agent([
            "invoke", event.probe, "--server", event.server, "--at", date.formatted(.iso8601), "--output", "json",
        ])
        return try decoded([Result].self, ended.output).first
    }

    @Test("a forecast lists exactly the days on which the probes' verdicts change", arguments: ["", "oauth-expires-soon"])
    func exact(_ fault: String) async throws {
        let site = try await AgentSite(servers: 2)
        if !fault.isEmpty { #expect(try await site.fault("on", fault).status == 0) }
        let daemon = try await site.startAgent()
        #expect(try await site.agent(["restart", "--wait", "60"]).status == 0)
        let ended = try await site.agent(["forecast", "--until", "2000d", "--output", "json"])
        let events = try decoded(Forecast.self, ended.output).events
        #expect(!events.isEmpty && Set(events.map(\.server)).count == 2, "\(ended.output)\(ended.errors)")
        #expect(Set(events.map(\.change)).isSuperset(of: ["warns", "fails", "breaks"].suffix(fault.isEmpty ? 3 : 2)), "\(ended.output)")
        for event in events where event.server == "mbx01.fabrikam.com" {
            let (before, after) = (
                try await verdict(site, event, at: event.date.addingTimeInterval(-1)), try await verdict(site, event, at: event.date)
            )
            if let reason = event.reason { #expect(after?.reasons.contains(reason) == true, "\(event)") }
            // The result names only the first of several certificates that fail.
            #expect(before?.reasons != after?.reasons || (event.thumbprint != nil && before?.reason != nil), "\(event)")
        }
        // Between the days that it names, nothing changes.
        let days = Dictionary(grouping: events.filter { $0.server == "mbx01.fabrikam.com" }, by: \.probe)
        for (probe, events) in days {
            for (event, next) in zip(events, events.dropFirst()) where event.date < next.date {
                let middle = event.date.addingTimeInterval(next.date.timeIntervalSince(event.date) / 2)
                #expect(
                    try await verdict(site, event, at: middle)?.reasons == verdict(site, event, at: event.date)?.reasons, "\(probe)")
            }
        }
        withExtendedLifetime(daemon) {}
    }

    @Test("what is wrong today stands first, and the certificates are followed although a server is away")
    func today() async throws {
        let site = try await AgentSite(servers: 2)
        let daemon = try await site.startAgent()
        #expect(try await site.agent(["restart", "--wait", "60"]).status == 0)
        // The results that are kept are those of the certificate before.
        for fault in ["oauth-expires-soon", "metadata-refused"] { #expect(try await site.fault("on", fault).status == 0) }
        #expect(try await site.agent(["reload"]).status == 0)
        let forecast = try decoded(Forecast.self, try await site.agent(["forecast", "--output", "json"]).output)
        #expect(forecast.today.contains { $0.reason == "connect_refused" }, "\(forecast.today)")
        #expect(forecast.today.contains { $0.change == "warns" && $0.reason == "certificate_expires_soon" }, "\(forecast.today)")
        #expect(
            forecast.events.contains { $0.change == "breaks" && $0.server == "mbx01.fabrikam.com" && $0.thumbprint != nil },
            "\(forecast.events)")
        let table = try await site.agent(["forecast"]).output
        #expect(table.hasPrefix("Today:\nCHANGE "), "\(table)")
        withExtendedLifetime(daemon) {}
    }

    @Test("the calendar is one that a calendar can read: lines of 75 bytes at most, every event with its day")
    func calendar() async throws {
        let site = try await AgentSite(servers: 2)
        let ended = try await site.agent(["forecast", "--output", "ics"])
        let lines = ended.output.split(separator: "\r\n").map(String.init)
        #expect(lines.first == "BEGIN:VCALENDAR" && lines.last?.hasPrefix("END:VCALENDAR") == true, "\(ended.errors)")
        #expect(lines.allSatisfy { $0.utf8.count <= 75 })
        let begun = lines.count { $0 == "BEGIN:VEVENT" }
        #expect(begun > 0 && begun == lines.count { $0.hasPrefix("DTSTART;VALUE=DATE:") } && begun == lines.count { $0 == "END:VEVENT" })
    }
}
