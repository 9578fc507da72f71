import Certificates
import FoundationEssentials
import Testing

@testable import Monitoring
@testable import Probing

@Suite struct AlertBookTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)
    private static let thumbprint = "7595DBDEA83DACB5757441D44899BCDB9911253C"

    private func at(_ seconds: Int) -> Date { Self.start.addingTimeInterval(Double(seconds)) }

    private func member(
        _ server: String, target: String? = nil, began: Int = 0, ended: Int? = nil, silenced: Int? = nil, thumbprint: String? = nil
    ) -> AlertBook.Member {
        let key = MonitorKey(
            probe: ProbeKey(
                identity: ProbeIdentity(healthSet: "OAuth", name: "Probe", target: target),
                site: ProbeKey.Site(server: server, target: target)), name: "Monitor")
        var episode = Episode(key, severity: .critical, began: at(began))
        episode.reason = .certificateExpired
        episode.sentence = "ended on \(server)"
        episode.thumbprint = thumbprint
        episode.ended = ended.map(at)
        episode.escalated = at(began)
        return AlertBook.Member(episode: episode, silencedSince: silenced.map(at))
    }

    @Test("an expired certificate on three servers is one alert that lists the three")
    func oneCertificate() throws {
        let alerts = AlertBook.alerts(["mbx02", "mbx01", "mbx03"].map { member($0, thumbprint: Self.thumbprint) })
        let alert = try #require(alerts.first)
        #expect(alerts.count == 1)
        #expect(
            alert.labels == ["alertname": "Monitor", "health_set": "OAuth", "severity": "critical", "thumbprint": Self.thumbprint])
        #expect(alert.annotations["servers"] == "mbx01, mbx02, mbx03")
        #expect(alert.annotations["summary"] == "Monitor: certificate_expired on mbx01, mbx02, mbx03")
        #expect(alert.annotations["description"] == "ended on mbx01" && alert.annotations["reason"] == "certificate_expired")
        #expect(alert.annotations["remedy"]?.isEmpty == false && alert.annotations["probe"] == #"OAuth\Probe"#)
        #expect(alert.startsAt == at(0) && alert.endsAt == nil)
    }

    @Test("what is about no certificate is one alert for each place")
    func places() {
        let alerts = AlertBook.alerts([member("mbx01"), member("mbx02"), member("", target: "https://a/")])
        #expect(
            alerts.map { $0.labels["server"] ?? $0.labels["target"] }.sorted { $0 ?? "" < $1 ?? "" } == ["https://a/", "mbx01", "mbx02"])
        #expect(alerts.allSatisfy { $0.labels.values.allSatisfy { !$0.isEmpty } })
    }

    @Test("six and more places: five are named, the others counted")
    func manyPlaces() {
        let alerts = AlertBook.alerts((1...7).map { member("mbx0\($0)", thumbprint: Self.thumbprint) })
        #expect(
            alerts.map { $0.annotations["summary"] } == [
                "Monitor: certificate_expired on mbx01, mbx02, mbx03, mbx04, mbx05 and 2 more"
            ])
    }

    private struct Ending: Sendable, CustomTestStringConvertible {
        var fact: String
        /// Begin, end and silence of each server.
        var members: [(began: Int, ended: Int?, silenced: Int?)]
        var servers: String
        var startsAt: Int
        var endsAt: Int?
        var testDescription: String { fact }
    }

    @Test(
        "when an alert begins and ends",
        arguments: [
            Ending(fact: "one that fires has no end", members: [(5, nil, nil)], servers: "mbx1", startsAt: 5),
            Ending(
                fact: "two that fire begin with the earlier", members: [(9, nil, nil), (5, nil, nil)], servers: "mbx1, mbx2", startsAt: 5),
            Ending(fact: "one that is over ends then", members: [(5, 60, nil)], servers: "mbx1", startsAt: 5, endsAt: 60),
            Ending(fact: "all over: the last end", members: [(5, 60, nil), (6, 90, nil)], servers: "mbx1, mbx2", startsAt: 5, endsAt: 90),
            Ending(
                fact: "one still fires: it alone is listed, and nothing ends", members: [(5, 60, nil), (6, nil, nil)], servers: "mbx2",
                startsAt: 6),
            Ending(
                fact: "maintenance ends it when it began", members: [(5, nil, 30)], servers: "mbx1", startsAt: 5, endsAt: 30),
            Ending(
                fact: "maintenance of one leaves the other firing", members: [(5, nil, 30), (6, nil, nil)], servers: "mbx2", startsAt: 6),
            Ending(
                fact: "one over, one silenced: the later of the two", members: [(5, 60, nil), (6, nil, 30)], servers: "mbx1, mbx2",
                startsAt: 5, endsAt: 60),
            Ending(
                fact: "a clock set back: it does not end before it began", members: [(50, 20, nil)], servers: "mbx1", startsAt: 50,
                endsAt: 50),
        ])
    private func ends(_ row: Ending) throws {
        let members = row.members.enumerated().map { number, times in
            member(
                "mbx\(number + 1)", began: times.began, ended: times.ended, silenced: times.silenced, thumbprint: Self.thumbprint)
        }
        let alerts = AlertBook.alerts(members)
        let alert = try #require(alerts.first)
        #expect(alerts.count == 1)
        #expect(alert.annotations["servers"] == row.servers)
        #expect((alert.annotations["summary"] == "resolved: Monitor") == (row.endsAt != nil), "\(alert.annotations)")
        #expect((alert.annotations["reason"] == nil) == (row.endsAt != nil))
        #expect(alert.startsAt == at(row.startsAt))
        #expect(alert.endsAt == row.endsAt.map(at))
    }

    @Test("an alert that is acknowledged goes on, and says by whom once nobody is left who has to")
    func acknowledged() throws {
        var members = ["mbx01", "mbx02"].map { member($0, thumbprint: Self.thumbprint) }
        members[0].episode.acknowledged = Episode.Acknowledgement(by: "anne", at: at(60), comment: "importing it now")
        var alert = try #require(AlertBook.alerts(members).first)
        #expect(alert.endsAt == nil && alert.annotations["acknowledged"] == nil && alert.annotations["reason"] == "certificate_expired")
        members[1].episode.acknowledged = Episode.Acknowledgement(by: "bob", at: at(70), comment: "")
        alert = try #require(AlertBook.alerts(members).first)
        #expect(alert.endsAt == nil && alert.annotations["acknowledged"] == "by anne at 2027-01-15T08:01:00Z: importing it now")
        #expect(
            alert.annotations["description"] == "ended on mbx01. Acknowledged by anne at 2027-01-15T08:01:00Z: importing it now.")
        #expect(alert.labels["thumbprint"] == Self.thumbprint && alert.annotations["reason"] == "certificate_expired")
        members[0].episode.ended = at(80)
        members[1].episode.ended = at(90)
        alert = try #require(AlertBook.alerts(members).first)
        #expect(alert.endsAt == at(90) && alert.annotations["acknowledged"] == nil)
    }

    @Test("an alert that comes and goes says so, in the description and in an annotation, and has the same labels as before")
    func flapping() throws {
        var one = member("mbx01")
        let before = try #require(AlertBook.alerts([one]).first)
        #expect(before.annotations["flapping"] == nil)
        one.flapping = "it began 5 times within 1h"
        let alert = try #require(AlertBook.alerts([one]).first)
        #expect(alert.labels == before.labels && alert.annotations["flapping"] == "it began 5 times within 1h")
        #expect(alert.annotations["description"] == "ended on mbx01. Flapping: it began 5 times within 1h.")
        var several = ["mbx01", "mbx02"].map { member($0, thumbprint: Self.thumbprint) }
        several[1].flapping = "it began 3 times within 1h"
        several[0].episode.acknowledged = Episode.Acknowledgement(by: "anne", at: at(60), comment: "")
        several[1].episode.acknowledged = several[0].episode.acknowledged
        #expect(
            AlertBook.alerts(several).map { $0.annotations["description"] } == [
                "ended on mbx01. Flapping: it began 3 times within 1h on mbx02. Acknowledged by anne at 2027-01-15T08:01:00Z."
            ])
        one.episode.ended = at(80)
        let over = try #require(AlertBook.alerts([one]).first)
        #expect(over.annotations["flapping"] == nil && over.annotations["description"] == "The episode has ended.")
    }

    @Test("two agents that see the same make alerts with the same labels, though they began at other moments")
    func twoAgents() {
        let one = AlertBook.alerts([member("mbx01", began: 0, thumbprint: Self.thumbprint), member("mbx02", began: 7)])
        let other = AlertBook.alerts([member("mbx02", began: 3), member("mbx01", began: 9, thumbprint: Self.thumbprint)])
        #expect(Set(one.map(\.labels)) == Set(other.map(\.labels)) && one.count == 2)
    }
}
