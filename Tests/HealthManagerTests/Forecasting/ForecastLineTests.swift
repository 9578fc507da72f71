import FoundationEssentials
import Testing

@testable import Certificates
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

    private static func finding(_ severity: Finding.Severity, _ reason: Reason, _ certificate: Character? = nil) -> Finding {
        Finding(
            severity, stage: .certificate, reason: reason, sentence: "",
            certificate: certificate.flatMap { Thumbprint(String(repeating: $0, count: 40)) })
    }

    private static func outcome(_ findings: Finding...) -> Outcome {
        var outcome = Outcome()
        outcome.findings = findings
        return outcome
    }

    @Test(
        "each certificate is followed by itself, whatever else is broken or out of reach",
        arguments: [
            // One has expired, then another one does.
            (
                [
                    outcome(finding(.failure, .certificateExpired, "A")),
                    outcome(finding(.failure, .certificateExpired, "A"), finding(.warning, .certificateExpiresSoon, "B")),
                    outcome(finding(.failure, .certificateExpired, "A"), finding(.failure, .certificateExpired, "B")),
                ], ["1 warns B", "2 breaks B"]
            ),
            // Something that is no certificate fails all the time.
            (
                [
                    outcome(finding(.failure, .thumbprintDrift)),
                    outcome(finding(.failure, .thumbprintDrift), finding(.failure, .certificateExpired, "A")),
                ],
                ["1 breaks A"]
            ),
            // A server is away all the time, and nothing was seen on the first day.
            (
                [
                    outcome(finding(.unknown, .notObserved)),
                    outcome(finding(.unknown, .notObserved), finding(.warning, .certificateExpiresSoon, "A")),
                    outcome(finding(.unknown, .notObserved), finding(.failure, .certificateExpired, "A")),
                ], ["2 breaks A"]
            ),
            (
                [
                    outcome(finding(.failure, .connectRefused)),
                    outcome(finding(.failure, .connectRefused), finding(.failure, .certificateExpired, "A")),
                ], ["1 breaks A"]
            ),
            // A failure ends while a warning remains.
            (
                [
                    outcome(finding(.failure, .certificateNotYetValid, "A"), finding(.warning, .clockSkew)),
                    outcome(finding(.warning, .clockSkew)), Outcome(),
                ], ["1 warns ", "2 recovers "]
            ),
            // A certificate that is not mentioned while another one fails has not recovered.
            (
                [
                    outcome(finding(.warning, .certificateExpiresSoon, "A")), outcome(finding(.failure, .certificateExpired, "B")),
                    outcome(finding(.warning, .certificateExpiresSoon, "A")), Outcome(),
                ], ["1 breaks B", "2 warns A", "3 recovers "]
            ),
        ])
    func followed(_ outcomes: [Outcome], _ expected: [String]) {
        let dated = outcomes.enumerated().map { (date: Date(timeIntervalSince1970: Double($0.offset)), outcome: $0.element) }
        let events = ForecastLine.events(of: Self.key, dated)
        #expect(events.map { "\(Int($0.date.timeIntervalSince1970)) \($0.change) \($0.thumbprint?.prefix(1) ?? "")" } == expected)
    }

    @Test("today's problems are the worst about each certificate and about all else, without what could not be judged")
    func problems() {
        let outcome = Self.outcome(
            Self.finding(.warning, .certificateExpiresSoon, "A"), Self.finding(.failure, .certificateExpired, "A"),
            Self.finding(.failure, .thumbprintDrift), Self.finding(.unknown, .notObserved), Self.finding(.failure, .timeout))
        let problems = ForecastLine.problems(of: Self.key, outcome, at: Date(timeIntervalSince1970: 7))
        #expect(Set(problems.map(\.reason)) == ["certificate_expired", "thumbprint_drift"] && problems.count == 2)
        let away = ForecastLine.problems(of: Self.key, Self.refused, at: Date(timeIntervalSince1970: 7))
        #expect(away.map(\.reason) == ["connect_refused"])
        #expect(problems.allSatisfy { $0.date == Date(timeIntervalSince1970: 7) })
    }
}
