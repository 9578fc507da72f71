import Concurrency
import Synchronization
import Testing

@Suite struct AlarmClockTests {
    private final class Rung: Sendable { let numbers = Mutex<[Int]>([]) }

    @Test("alarms ring in the order of their times, each not before its time")
    func order() async {
        let rung = Rung()
        // Woken tasks run in the order they are woken.
        let executor = ThreadExecutor("test")
        await withTaskGroup(of: Bool.self) { group in
            for number in [3, 1, 2] {
                group.addTask(executorPreference: executor) {
                    let begin = ContinuousClock.now
                    let time = Duration.milliseconds(200 * number)
                    await AlarmClock.shared.wait(for: time)
                    rung.numbers.withLock { $0.append(number) }
                    return ContinuousClock.now - begin >= time
                }
            }
            for await isInTime in group { #expect(isInTime) }
        }
        #expect(rung.numbers.withLock { $0 } == [1, 2, 3])
    }

    @Test("an alarm that is earlier than those that are set rings first, and one without time rings")
    func earlier() async {
        // More nanoseconds than a timer of the kernel takes.
        let late = Task { await AlarmClock.shared.wait(for: .seconds(500 * 366 * 86400)) }
        await AlarmClock.shared.wait(for: .milliseconds(1))
        await AlarmClock.shared.wait(for: .zero)
        await AlarmClock.shared.wait(for: .seconds(-1))
        late.cancel()
        await late.value
    }

    @Test("a cancelled task returns, whether it waits already or not, and the others still wait", arguments: [true, false])
    func cancelled(isBegun: Bool) async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 {
                group.addTask {
                    if isBegun { await AlarmClock.shared.wait(for: .milliseconds(1)) }
                    await AlarmClock.shared.wait(for: .seconds(3600))
                }
            }
            group.addTask { await AlarmClock.shared.wait(for: .milliseconds(50)) }
            await group.next()
            group.cancelAll()
        }
    }

    private final class Calls: Sendable { let all = Mutex<[String]>([]) }

    @Test("a cancelled call is not made, the others are, in their order")
    func cancelled() async {
        // Again if the machine was so busy that the time had come before the calls were cancelled.
        for _ in 0..<100 {
            let (calls, begin) = (Calls(), ContinuousClock.now)
            func call(_ name: String, _ milliseconds: Int) -> UInt64? {
                AlarmClock.shared.call(after: .milliseconds(milliseconds)) { calls.all.withLock { $0.append(name) } }
            }
            let (first, _, third, _) = (call("first", 20), call("second", 30), call("third", 40), call("fourth", 50))
            if let first { AlarmClock.shared.cancelCall(first) }
            if let third { AlarmClock.shared.cancelCall(third) }
            guard ContinuousClock.now - begin < .milliseconds(20) else { continue }
            await AlarmClock.shared.wait(for: .milliseconds(60))
            #expect(calls.all.withLock(\.self) == ["second", "fourth"])
            if let first { AlarmClock.shared.cancelCall(first) }
            return
        }
        Issue.record("the machine was too busy each time")
    }
}

@Suite struct AbandonmentTests {
    private final class Count: Sendable { let calls = Mutex(0) }

    @Test("the action is done once, at once if it comes too late, and not if it was removed")
    func once() {
        let count = Count()
        let action: @Sendable () -> Void = { count.calls.withLock { $0 += 1 } }
        let removed = Abandonment()
        removed.onAbandon(action)
        removed.onAbandon(nil)
        removed.abandon()
        #expect(count.calls.withLock(\.self) == 0)
        removed.onAbandon(action)
        #expect(count.calls.withLock(\.self) == 1)
        let early = Abandonment()
        early.onAbandon(action)
        for _ in 0..<2 { early.abandon() }
        #expect(count.calls.withLock(\.self) == 2)
    }
}
