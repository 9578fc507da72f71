import CLinux
import Glibc
import HeapModule
import Synchronization

/// Wakes tasks, and calls functions, after given times, all from one thread of its own, so that a busy cooperative pool does not delay them.
///
/// One thread and one timer of the kernel: a dispatch timer takes a wake-up of two further threads each time, which is most of its cost.
/// Time counts while the machine is suspended.
package final class AlarmClock: Sendable {
    /// One instance per process.
    package static let shared = AlarmClock()

    /// What the timer is set to at most: the number of nanoseconds must not overflow.
    private static let longest: Duration = .seconds(86400)

    private struct Alarm: Comparable {
        var at: ContinuousClock.Instant
        var number: UInt64

        static func < (left: Alarm, right: Alarm) -> Bool { left.at < right.at }
    }

    private struct State {
        /// Also those of cancelled tasks, until there are many.
        var alarms = Heap<Alarm>()
        var actions: [UInt64: @Sendable () -> Void] = [:]
        var numbers: UInt64 = 0
        /// What the timer is set to; nil if it is not set.
        var next: ContinuousClock.Instant?
        /// Nil until the thread is needed.
        var timer: Int32?
    }

    private let state = Mutex(State())

    private init() {}

    /// Returns after the time, or when the calling task is cancelled.
    package func wait(for time: Duration) async {
        let at = ContinuousClock.now + time
        let number = nextNumber
        guard start() else {
            // Out of descriptors or threads: less exact, but it wakes.
            try? await Task.sleep(for: time)
            return
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                add(number, at) { continuation.resume() }
                // The task was cancelled before its alarm was set.
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
    }

    /// Calls a function after the time, on the clock's thread: it must return at once.
    /// - Returns: the number of the call, for `cancelCall`; nil if there is no thread: the function is then not called.
    package func call(after time: Duration, _ action: @escaping @Sendable () -> Void) -> UInt64? {
        guard start() else { return nil }
        let number = nextNumber
        add(number, ContinuousClock.now + time, action)
        return number
    }

    /// Does nothing if the function was called already. If it was the next one to be called, the thread is not woken for it, unless it was the only one.
    package func cancelCall(_ number: UInt64) {
        state.withLock { state in
            guard state.actions.removeValue(forKey: number) != nil, let first = state.alarms.min, first.number == number else { return }
            state.alarms.removeMin()
            guard !state.alarms.isEmpty else { return }
            state.next = nil
            Self.set(&state)
        }
    }

    private var nextNumber: UInt64 {
        state.withLock { state in
            state.numbers += 1
            return state.numbers
        }
    }

    private func add(_ number: UInt64, _ at: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.actions[number] = action
            state.alarms.insert(Alarm(at: at, number: number))
            Self.set(&state)
        }
    }

    private func cancel(_ number: UInt64) {
        let action = state.withLock { state in
            defer {
                if state.alarms.count > 2 * state.actions.count + 64 {
                    state.alarms = Heap(state.alarms.unordered.filter { state.actions[$0.number] != nil })
                }
            }
            return state.actions.removeValue(forKey: number)
        }
        action?()
    }

    /// - Returns: whether the thread runs.
    private func start() -> Bool {
        state.withLock { state in
            if state.timer != nil { return true }
            let timer = agent_alarm()
            guard timer >= 0 else { return false }
            guard BackgroundThread.start("alarms", { self.work(timer) }) == 0 else {
                close(timer)
                return false
            }
            state.timer = timer
            return true
        }
    }

    /// Sets the timer to the earliest alarm, unless it is set to that or an earlier time.
    private static func set(_ state: inout State) {
        guard let timer = state.timer, let first = state.alarms.min, state.next.map({ first.at < $0 }) ?? true else { return }
        state.next = first.at
        // The thread sets it again for what is later.
        let left = min(first.at - .now, longest)
        agent_set_alarm(timer, max(1, Int64(left / .nanoseconds(1))))
    }

    private func work(_ timer: Int32) {
        while true {
            var expirations: UInt64 = 0
            guard read(timer, &expirations, 8) == 8 else { continue }
            let due = state.withLock { state in
                let now = ContinuousClock.now
                var due: [@Sendable () -> Void] = []
                while let first = state.alarms.min, first.at <= now {
                    state.alarms.removeMin()
                    if let action = state.actions.removeValue(forKey: first.number) { due.append(action) }
                }
                state.next = nil
                Self.set(&state)
                return due
            }
            for action in due { action() }
        }
    }
}
