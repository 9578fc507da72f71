import API
import HealthManager
import Monitoring
import Probing
import TestSupport
import Testing

@Suite struct HealthReportTests {
    private let time = ManualTime()

    @Test("it shows why a monitor is unhealthy now, and that this was escalated, without a further change of its state")
    func current() async throws {
        let site = try TroubledSite(["mbx01"], time: time, observers: [])
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await site.manager.run() }
            func monitor() async -> MonitorDocument? { HealthReport(await site.manager.snapshot()).monitors.first }
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { await monitor()?.alertValue == "Unhealthy" })
            #expect(await monitor()?.reason == "connect_refused")
            #expect(await monitor()?.escalated != nil)
            site.set(Finding(.failure, stage: .endpoint, reason: .httpStatus, sentence: "status 500"), on: ["mbx01"])
            #expect(await site.advance(atMost: 300) { await monitor()?.reason == "http_status" })
            #expect(await monitor()?.alertValue == "Unhealthy")
            group.cancelAll()
        }
    }
}
