import Synchronization
import TestSupport
import Testing

/// Peers that flood, drip, never end, stay silent, send garbage, close half or reset, at each protocol: they cost their own probe alone.
@Suite(.serialized) struct HostileTests {
    /// The reason that names what each way of misbehaving comes to.
    private static let reasons: [String: [String: String]] = [
        "tcp": [:]
    ]

    @Test(
        "each run ends in its time with its reason, an innocent probe beside it succeeds, /metrics answers, memory stays",
        arguments: ["tcp", "tls", "unix", "http", "interim", "http2", "grpc", "websocket", "smtp", "dns_stream", "dns_datagrams"])
    func held(_ protocolName: String) async throws {
        let site = try await HostileSite()
        #expect(try await site.probeInnocent().success)
        let before = site.memory
        let ways = site.ways(of: protocolName)
        #expect(ways.count >= 5)
        let worst = try await withThrowingTaskGroup(of: (way: String, answer: HostileSite.Answer).self) { runs in
            for way in ways { runs.addTask { (way, try await site.probe(protocolName, way)) } }
            let left = Mutex(ways.count)
            async let beside = Self.askBeside(site, while: { left.withLock { $0 > 0 } })
            for try await (way, answer) in runs {
                left.withLock { $0 -= 1 }
                #expect(!answer.success, "\(protocolName) \(way): \(answer.page)")
                let took = answer.value("probe_duration_seconds") ?? .infinity
                #expect(took <= 3, "\(protocolName) \(way) took \(took) s of 2")
                print("REASON \(protocolName) \(way) \(answer.reason ?? "none") \(took)")
                #expect(answer.reason == Self.reasons[protocolName]?[way], "\(protocolName) \(way): \(answer.page)")
            }
            return try await beside
        }
        let grown = site.memory - before
        #expect(grown < 32, "\(protocolName): memory grew by \(grown) MiB")
        print("hostile \(protocolName): /metrics \(worst.metrics) s, innocent probe \(worst.innocent) s, memory \(grown) MiB more")
    }

    /// Asks for metrics and an innocent probe for as long as it is told to, at least once; what took longest.
    private static func askBeside(
        _ site: HostileSite, while isGoing: @Sendable () -> Bool
    ) async throws -> (metrics: Double, innocent: Double) {
        var worst = (metrics: 0.0, innocent: 0.0)
        repeat {
            let metrics = try await site.metrics()
            #expect(metrics.page.contains("\nhealth_agent_probes "), "no /metrics: \(metrics.page)")
            let innocent = try await site.probeInnocent()
            #expect(innocent.success, "\(innocent.page)")
            worst = (max(worst.metrics, metrics.seconds), max(worst.innocent, innocent.seconds))
        } while isGoing()
        return worst
    }
}
