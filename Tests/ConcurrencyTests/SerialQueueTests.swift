import Concurrency
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct SerialQueueTests {
    private struct Refused: Error, Equatable { var number: Int }

    private final class Log: Sendable {
        private let all = Mutex<[String]>([])

        var lines: [String] { all.withLock(\.self) }

        func add(_ line: String) { all.withLock { $0.append(line) } }
    }

    private let queue = SerialQueue()
    private let log = Log()

    /// Calls `run`, and returns once the work is in the queue.
    private func queued(_ work: @escaping @Sendable () async -> Void) async -> Task<Void, Never> {
        func begin(on queue: isolated SerialQueue) -> Task<Void, Never> { Task.immediate { await queue.run(work) } }
        return await begin(on: queue)
    }

    @Test("work runs one piece at a time, in the order of the calls")
    func order() async {
        var calls: [Task<Void, Never>] = []
        for number in 0..<50 {
            calls.append(
                await queued { [log] in
                    log.add("begin \(number)")
                    for _ in 0..<10 { await Task.yield() }
                    log.add("end \(number)")
                })
        }
        for call in calls { await call.value }
        #expect(log.lines == (0..<50).flatMap { ["begin \($0)", "end \($0)"] })
    }

    @Test("a call returns what its work returns, or throws what it throws, and the next one runs all the same")
    func errors() async throws {
        #expect(await queue.run { 1 } == 1)
        let error = await #expect(throws: Refused.self) { try await queue.run { () throws(Refused) -> Int in throw Refused(number: 2) } }
        #expect(error == Refused(number: 2))
        #expect(await queue.run { 3 } == 3)
    }

    @Test("a cancelled caller's work is not cancelled, whether it runs or still waits, and what comes later waits for it")
    func cancelled()
        async
    {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (open, opening) = AsyncStream.makeStream(of: Void.self)
        let running = await queued { [log] in
            begin.yield()
            // Iteration ends without a value in a cancelled task.
            let isOpen = await open.first { _ in true } != nil
            log.add(isOpen && !Task.isCancelled ? "running one ends" : "running one is cancelled")
        }
        let waiting = await queued { [log] in log.add(Task.isCancelled ? "waiting one is cancelled" : "waiting one ends") }
        let last = await queued { [log] in log.add("last") }
        _ = await begun.first { _ in true }
        running.cancel()
        waiting.cancel()
        opening.yield()
        for call in [running, waiting, last] { await call.value }
        #expect(log.lines == ["running one ends", "waiting one ends", "last"])
    }
}
