import FoundationEssentials
import Testing

@testable import Escalation
@testable import Monitoring

@Suite struct SentAlertsTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    private func alert(_ name: String, ended: Int? = nil) -> Alert {
        Alert(labels: ["alertname": name], annotations: [:], startsAt: Self.start, endsAt: ended.map(at))
    }

    private func at(_ seconds: Int) -> Date { Self.start.addingTimeInterval(Double(seconds)) }

    @Test("an alert that was taken as firing and is listed no more is ended when it was first missed, until that is taken")
    func missed() {
        var memory = SentAlerts()
        memory.accepted(memory.due([alert("a"), alert("b")], at: at(0)))
        #expect(memory.due([alert("b")], at: at(100)).last == alert("a", ended: 100))
        // That was not taken: the end stays the one first seen.
        #expect(memory.due([alert("b")], at: at(200)).last == alert("a", ended: 100))
        memory.accepted(memory.due([alert("b")], at: at(300)))
        #expect(memory.due([alert("b")], at: at(400)) == [alert("b")])
    }

    @Test("one that was seen to end while nobody took it, and is listed no more, is ended then")
    func unheard() {
        var memory = SentAlerts()
        memory.accepted(memory.due([alert("a")], at: at(0)))
        _ = memory.due([alert("a", ended: 50)], at: at(60))
        #expect(memory.due([], at: at(2000)) == [alert("a", ended: 50)])
    }

    @Test("one that comes back before its end was taken fires on")
    func back() {
        var memory = SentAlerts()
        memory.accepted(memory.due([alert("a")], at: at(0)))
        _ = memory.due([], at: at(60))
        memory.accepted(memory.due([alert("a")], at: at(70)))
        #expect(memory.due([], at: at(90)) == [alert("a", ended: 90)])
    }

    @Test("alerts whose labels differ only in how a character is encoded are two")
    func encoded() {
        let (composed, decomposed) = (alert("caf\u{e9}"), alert("cafe\u{301}"))
        var memory = SentAlerts()
        memory.accepted(memory.due([composed, decomposed], at: at(0)))
        let due = memory.due([composed], at: at(10))
        #expect(due.count == 2 && due.last?.endsAt == at(10))
        #expect(due.last.map { Array(($0.labels["alertname"] ?? "").utf8) } == Array("cafe\u{301}".utf8))
    }

    @Test("what was never taken as firing is ended nowhere")
    func unknown() {
        var memory = SentAlerts()
        _ = memory.due([alert("a")], at: at(0))
        #expect(memory.due([], at: at(10)).isEmpty)
    }
}
