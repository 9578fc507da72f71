import FoundationEssentials
import Testing

@testable import Monitoring
@testable import Probing

/// Which changes a forecast makes of a probe's verdicts.
@Suite struct ForecastLineTests {
    private static let key = ProbeKey(identity: ProbeIdentity(healthSet: "Mail", name: "Probe"), site: .server("mbx01"))

    private static func outcome(_ severity: Finding.Severity, _ reason: Reason) -> Outcome {
        var outcome = Outcome()
        outcome.findings = [Finding(severity, stage: .certificate, reason: reason, sentence: "")]
        return outcome
    }

    private static let refused = outcome(.failure, .connectRefused)
    private static let expired = outcome(.failure, .certificateExpired)
    private static let soon = outcome(.warning, .certificateExpiresSoon)
    private static let unseen = outcome(.unknown, .notObserved)

    @Test(
        "what the network does today is no change of a day to come, nor is what could not be judged; what a certificate does is one",
        arguments: [
            ([Outcome(), refused, Outcome()], []), ([Outcome(), refused, soon], ["2 warns"]), ([refused, Outcome(), soon], ["2 warns"]),
            ([refused, refused, expired], ["2 breaks"]), ([Outcome(), unseen, expired], ["2 breaks"]), ([unseen, Outcome()], []),
            ([soon, expired, Outcome()], ["1 breaks", "2 recovers"]),
        ])
    func changes(_ outcomes: [Outcome], _ expected: [String]) {
        let dated = outcomes.enumerated().map { (date: Date(timeIntervalSince1970: Double($0.offset)), outcome: $0.element) }
        let events = ForecastLine.events(of: Self.key, dated.reversed())
        #expect(events.map { "\(Int($0.date.timeIntervalSince1970)) \($0.change)" } == expected)
    }
}
