import FoundationEssentials
import Testing
import Transfers

@testable import TargetKinds

/// How long what authorities say is used again.
@Suite struct RevocationAnswersTests {
    private let answers = RevocationAnswers()
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func later(_ seconds: TimeInterval) -> Date { now.addingTimeInterval(seconds) }

    @Test(
        "an answer: for an hour, and no longer than it holds",
        arguments: [(nil, 3600), (86_400, 3600), (600, 600)] as [(TimeInterval?, TimeInterval)])
    func answer(holds: TimeInterval?, kept: TimeInterval) {
        let key = RevocationAnswers.Key(url: "http://ocsp.test/", certificate: "01", issuer: "02")
        answers.keep(RevocationAnswer(status: .good, nextUpdate: holds.map(later)), key, at: now)
        #expect(answers.answer(key, at: later(kept - 1))?.status == .good && answers.answer(key, at: later(kept)) == nil)
        // A forecast takes it, however old.
        #expect(answers.answer(key, at: nil)?.status == .good)
    }

    @Test(
        "a list: until the next is due, or for an hour",
        arguments: [(nil, 3600), (86_400, 86_400), (600, 600)] as [(TimeInterval?, TimeInterval)])
    func list(holds: TimeInterval?, kept: TimeInterval) {
        answers.keep([1, 2], "http://crl.test/a", issuer: "02", until: holds.map(later), at: now)
        #expect(answers.list("http://crl.test/a", issuer: "02", at: later(kept - 1)) == [1, 2])
        #expect(answers.list("http://crl.test/a", issuer: "02", at: later(kept)) == nil)
        #expect(
            answers.list("http://crl.test/a", issuer: "03", at: now) == nil
                && answers.list("http://crl.test/b", issuer: "02", at: now) == nil)
    }

    @Test("lists take at most 64 MiB together: then those before are dropped")
    func bound() {
        let large = [UInt8](repeating: 0, count: 30 << 20)
        for name in ["a", "b", "a"] { answers.keep(large, name, issuer: "02", until: nil, at: now) }
        #expect(answers.list("a", issuer: "02", at: now) != nil && answers.list("b", issuer: "02", at: now) != nil)
        answers.keep(large, "c", issuer: "02", until: nil, at: now)
        #expect(["a", "b", "c"].filter { answers.list($0, issuer: "02", at: now) != nil } == ["c"])
    }
}
