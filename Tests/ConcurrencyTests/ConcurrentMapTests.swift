import Concurrency
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ConcurrentMapTests {
    /// How many pieces of work have begun, and how many are under way.
    private final class Count: Sendable {
        private let numbers = Mutex((begun: 0, running: 0, most: 0))

        var begun: Int { numbers.withLock(\.begun) }
        var most: Int { numbers.withLock(\.most) }

        func begin() {
            numbers.withLock { numbers in
                numbers.begun += 1
                numbers.running += 1
                numbers.most = max(numbers.most, numbers.running)
            }
        }

        func end() { numbers.withLock { $0.running -= 1 } }
    }

    private let count = Count()

    @Test("as many pieces of work as the limit run at once, and never more", arguments: [1, 3, 8])
    func limit(limit: Int) async {
        let count = count
        _ = await (0..<40).concurrentMap(atMost: limit) { _ in
            count.begin()
            // The first ones end once as many have begun as may.
            while count.begun < limit, !Task.isCancelled { await Task.yield() }
            for _ in 0..<10 { await Task.yield() }
            count.end()
        }
        #expect(count.most == limit && count.begun == 40)
    }

    @Test("there is one result for each element, whatever their number is to the limit", arguments: [0, 1, 2, 3, 100])
    func all(
        elements: Int
    ) async {
        let values = await (0..<elements).concurrentMap(atMost: 2) { $0 * 10 }
        #expect(values.sorted() == (0..<elements).map { $0 * 10 })
    }

    @Test("results come in the order in which the work ends, not in that of the elements")
    func order() async {
        let (later, go) = AsyncStream.makeStream(of: Void.self)
        let values = await ["waits", "first", "lets it go"].concurrentMap(atMost: 2) { name in
            // The third begins where the second has ended and its result was taken.
            if name == "lets it go" { go.yield() }
            if name == "waits" { _ = await later.first { _ in true } }
            return name
        }
        #expect(values.first == "first" && Set(values) == ["waits", "first", "lets it go"])
    }

    @Test("once the calling task is cancelled, no further work begins, and what had begun gives its results")
    func cancelled() async {
        let count = count
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let time = ManualTime()
        let call = Task {
            await (0..<100).concurrentMap(atMost: 2) { number in
                count.begin()
                begin.yield()
                // Ends with the cancellation of the task, which reaches the work.
                try? await time.sleep(until: .seconds(1))
                return number
            }
        }
        var beginnings = begun.makeAsyncIterator()
        for _ in 0..<2 { await beginnings.next() }
        call.cancel()
        #expect(await call.value.sorted() == [0, 1])
        #expect(count.begun == 2)
    }
}
