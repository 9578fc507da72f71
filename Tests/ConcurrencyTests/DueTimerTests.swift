import Concurrency
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct DueTimerTests {
    private final class Log: Sendable {
        private let all = Mutex<[Duration]>([])

        var times: [Duration] { all.withLock { $0.sorted() } }

        func add(_ time: Duration) { all.withLock { $0.append(time) } }
    }

    private final class DueTimes: Sendable {
        let due = Mutex<[Duration]>([.seconds(5), .seconds(9), .seconds(20)])
    }

    struct Turn: Sendable {
        var now: Int
        var due: Int?

        init(_ now: Int, due: Int?) { (self.now, self.due) = (now, due) }
    }

    @Test(
        "a sleep is begun only where none that ends earlier is under way",
        arguments: [
            ([Turn(0, due: nil)], []), ([Turn(0, due: 5)], [5]),
            ([Turn(0, due: 5), Turn(1, due: 5), Turn(2, due: 9), Turn(3, due: nil)], [5]),
            ([Turn(0, due: 5), Turn(1, due: 3), Turn(2, due: 5)], [3, 5]), ([Turn(0, due: 5), Turn(5, due: 9)], [5, 9]),
            ([Turn(0, due: 5), Turn(7, due: 7)], [5, 7]), ([Turn(0, due: 5), Turn(5, due: nil), Turn(6, due: 8)], [5, 8]),
        ] as [([Turn], [Int])])
    func earliest(turns: [Turn], expected: [Int]) async {
        let (slept, rung) = (Log(), Log())
        await withDiscardingTaskGroup { tasks in
            var timer = DueTimer()
            for turn in turns {
                timer.arm(
                    turn.due.map { .seconds($0) }, now: .seconds(turn.now), in: &tasks, sleep: { slept.add($0) }, ring: { rung.add(.zero) })
            }
        }
        #expect(slept.times == expected.map { .seconds($0) })
        #expect(rung.times.count == expected.count)
    }

    @Test("a cancelled sleep does not ring")
    func cancelled() async {
        let (time, rung) = (ManualTime(), Log())
        await withDiscardingTaskGroup { tasks in
            var timer = DueTimer()
            timer.arm(.seconds(5), now: .zero, in: &tasks, sleep: time.sleep, ring: { rung.add(time.elapsed) })
            tasks.cancelAll()
        }
        #expect(rung.times == [])
    }

    @Test("a loop that arms it at the end of each turn turns at each of several times, also at one that becomes due earlier meanwhile")
    func loop() async {
        let (time, turned) = (ManualTime(), Log())
        let (rings, bell) = AsyncStream.makeStream(of: Void.self)
        let list = DueTimes()
        let (turns, turn) = AsyncStream.makeStream(of: Void.self)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { tasks in
                    var timer = DueTimer()
                    for await _ in rings {
                        let now = time.elapsed
                        let (taken, next) = list.due.withLock { due in
                            let taken = due.filter { $0 <= now }
                            due.removeAll { $0 <= now }
                            return (taken, due.min())
                        }
                        for _ in taken { turned.add(now) }
                        timer.arm(next, now: now, in: &tasks, sleep: time.sleep) { bell.yield() }
                        turn.yield()
                    }
                    tasks.cancelAll()
                }
            }
            var iterator = turns.makeAsyncIterator()
            bell.yield()
            await iterator.next()
            for seconds in [5, 4] {
                time.advance(by: .seconds(seconds))
                await iterator.next()
            }
            // Now it sleeps until 20; what is due at 12 is announced by a turn.
            list.due.withLock { $0.append(.seconds(12)) }
            bell.yield()
            await iterator.next()
            for seconds in [3, 8] {
                time.advance(by: .seconds(seconds))
                await iterator.next()
            }
            bell.finish()
        }
        #expect(turned.times == [5, 9, 12, 20].map { .seconds($0) })
    }
}
