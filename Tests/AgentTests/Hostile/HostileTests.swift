import Probing
import Synchronization
import TestSupport
import Testing

/// Peers that flood, drip, never end, stay silent, send garbage, close half or reset, at each protocol: they cost their own probe alone.
@Suite(.serialized) struct HostileTests {
    /// What each way of misbehaving comes to: flood, drip, endless, silent, garbage, half, reset. Where a connection breaks within a piece,
    /// libcurl tells now the one, now the other.
    private static let broken = "http_malformed connection_reset"
    private static let reasons: [String: [String: String]] = [
        "tcp": words(
            "http_too_large", "timeout", "http_too_large", "timeout", "answer_unexpected", "answer_unexpected", "connection_reset"),
        "tls": words(
            "http_too_large", "timeout", "http_too_large", "timeout", "tls_handshake_failed", "connection_reset", "connection_reset"),
        "unix": words(
            "http_too_large", "timeout", "http_too_large", "timeout", "answer_unexpected", "answer_unexpected",
            "answer_unexpected connection_reset"),
        "http": words("http_too_large", "timeout", "timeout http_too_large", "timeout", "http_malformed", broken, "connection_reset"),
        "https": words("http_too_large", "timeout", "timeout http_too_large", "timeout", "http_malformed", broken, "connection_reset"),
        "interim": words(
            "http_too_large timeout", "timeout", "http_too_large", "timeout", "http_malformed", broken,
            "connection_reset"),
        "http2": words(broken + " timeout", "timeout", broken + " timeout", "timeout", broken, broken, broken),
        "grpc": words(broken + " timeout", "timeout", broken + " timeout", "timeout", broken, broken, broken),
        "websocket": words(
            "timeout http_too_large", "timeout", "http_too_large", "timeout", "answer_unexpected", "connection_reset", "connection_reset"),
        "smtp": words(
            "http_too_large", "timeout", "http_too_large", "timeout", "answer_unexpected", "answer_unexpected", "connection_reset"),
        "dns_stream": words(
            "answer_unexpected", "answer_unexpected timeout", "answer_unexpected", "timeout", "answer_unexpected", "answer_unexpected",
            "connection_reset"),
        "dns_datagrams": words(
            "answer_unexpected timeout", "timeout", "answer_unexpected timeout", "timeout", "answer_unexpected timeout", "", ""),
    ]

    private static func words(_ reasons: String...) -> [String: String] {
        Dictionary(uniqueKeysWithValues: zip(["flood", "drip", "endless", "silent", "garbage", "half", "reset"], reasons))
    }

    @Test(
        "each run ends in its time with its reason, an innocent probe beside it succeeds, /metrics answers, memory stays",
        arguments: ["tcp", "tls", "unix", "http", "https", "interim", "http2", "grpc", "websocket", "smtp", "dns_stream", "dns_datagrams"])
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
                #expect(took <= 6, "\(protocolName) \(way) took \(took) s of 5")
                let known = Self.reasons[protocolName]?[way]?.split(separator: " ") ?? []
                #expect(known.contains { $0 == answer.reason ?? "" }, "\(protocolName) \(way): \(known), \(answer.page)")
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
