import Glibc
import Outbound
import Probing
import Testing
import Transfers

@testable import ProbeKinds

/// An exchange that the agent could not make says nothing of the peer.
@Suite struct OwnLackTests {
    @Test("without a file descriptor an exchange is not observed, and the stage has not failed")
    func descriptors() async throws {
        let transfers = Transfers()
        var limit = rlimit()
        try #require(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        var none = limit
        none.rlim_cur = 3
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none) == 0)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
        let report = await transfers.exchange(ExchangeRequest(url: "https://127.0.0.1:9/", deadline: .seconds(10), trust: .system))
        let judgement = ExchangeJudgement(report: report, peer: "mbx01", application: .metadata)
        var log = RunRecorder()
        judgement.record(in: &log)
        let finding = try #require(judgement.finding)
        log.find(finding)
        #expect(finding.severity == .unknown && finding.reason == .systemRefused && finding.stage == .connect, "\(finding)")
        #expect(log.outcome.resultType == .rejected && !log.outcome.stages.contains { $0.verdict == .failed }, "\(log.outcome.stages)")
    }
}
