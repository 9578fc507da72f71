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
}
