import FoundationEssentials
import Synchronization
import TestSupport
import Testing
import Transfers

@testable import ProbeKinds

/// Who shares whose answer.
@Suite final class DocumentCacheTests: Sendable {
    private let time = ManualTime()
    private let cache = DocumentCache()
    private let publisher = MetadataSighting.Publisher.authServer(url: "https://sts.example")
    private let asked = Mutex<[Duration]>([])

    private func answer(_ failure: ExchangeFailure.Kind?) -> MetadataSighting {
        var report = ExchangeReport()
        report.failure = failure.map { ExchangeFailure(kind: $0, phase: .processing, sentence: "no answer in time") }
        return MetadataSighting(report, from: publisher, at: time.elapsed)
    }

    private func ask(_ deadline: Duration, since: Duration = .zero, _ failure: ExchangeFailure.Kind?) async -> MetadataSighting {
        await cache.sighting(of: publisher, notBefore: since, within: deadline, time) { left in
            asked.withLock { $0.append(left) }
            return answer(failure)
        }
    }

    @Test("that one's time ran out is no answer for who has more of it; for who has no more it is, and an answer is for all")
    func patience() async {
        _ = await ask(.milliseconds(1), .timeout)
        let other = await ask(.seconds(30), .timeout)
        #expect(asked.withLock { $0 } == [.milliseconds(1), .seconds(30)])
        #expect(other.report.failure?.kind == .timeout)
        _ = await ask(.seconds(20), nil)
        #expect(asked.withLock { $0.count } == 2)
        _ = await ask(.seconds(40), nil)
        #expect(asked.withLock { $0.count } == 3)
        #expect(await ask(.seconds(3600), .timeout).report.failure == nil)
        #expect(asked.withLock { $0.count } == 3)
    }

    @Test("nobody waits for another's answer past the own time, nor after being cancelled")
    func waiting() async {
        let (time, cache, publisher) = (time, cache, publisher)
        let (open, opening) = AsyncStream.makeStream(of: Void.self)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                _ = await cache.sighting(of: publisher, notBefore: .zero, within: .seconds(30), time) { _ in
                    begin.yield()
                    for await _ in open { break }
                    return answer(nil)
                }
            }
            for await _ in begun { break }
            // It would have to wait longer than it can.
            #expect(await ask(.seconds(5), .timeout).report.failure?.kind == .timeout)
            #expect(asked.withLock { $0 } == [.seconds(5)])
            await withTaskGroup(of: Void.self) { patient in
                patient.addTask { [self] in _ = await ask(.seconds(60), .cancelled) }
                patient.cancelAll()
            }
            opening.yield()
        }
    }

    @Test("what was asked for before all was forgotten is kept no more, and nobody waits for it")
    func clearing() async {
        let (time, cache, publisher) = (time, cache, publisher)
        let (open, opening) = AsyncStream.makeStream(of: Void.self)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                _ = await cache.sighting(of: publisher, notBefore: .zero, within: .seconds(30), time) { _ in
                    begin.yield()
                    for await _ in open { break }
                    return answer(nil)
                }
            }
            for await _ in begun { break }
            await cache.clear()
            _ = await ask(.seconds(30), .timeout)
            #expect(asked.withLock { $0.count } == 1)
            opening.yield()
        }
        _ = await ask(.seconds(30), .refused)
        #expect(asked.withLock { $0.count } == 1, "the answer is the one asked for since")
        #expect(await ask(.seconds(30), nil).report.failure?.kind == .timeout)
    }
}
