import Concurrency
import DequeModule
import Dispatch
import Glibc
import Synchronization

/// The threads that probes run on, separate from the cooperative pool: a run that never suspends blocks only its own thread.
///
/// A thread that is blocked by one job while others wait is replaced, up to a limit.
package final class ProbeThreads: TaskExecutor {
    /// One instance per process, like the cooperative pool.
    package static let shared = ProbeThreads()

    /// Maximum number of threads that run jobs, not counting stuck ones.
    private static let size = max(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    private static let stuckAtMost = 64
    /// How long one job may occupy a thread before waiting jobs get another one.
    private static let stuckAfter: Duration = .milliseconds(50)

    /// How many jobs may wait for a thread that has just begun another one: most jobs are shorter than it takes to wake a thread.
    private static let waitingAtMost = 32
    /// How many of them may be of a higher priority than `.utility`, whose tasks somebody waits for.
    private static let urgentAtMost = 4
    private static let justBegun: Duration = .milliseconds(1)
    /// After what time a thread is woken for them all the same.
    private static let longestWait: Duration = .milliseconds(5)

    private struct Worker {
        /// When its current job started; nil between jobs.
        var since: ContinuousClock.Instant?
        var isStuck = false
    }

    private struct State {
        var jobs: Deque<UnownedJob> = []
        /// How many of the jobs are urgent.
        var urgent = 0
        /// By number; nil if no thread has the number.
        var workers: [Worker?] = []
        var running = 0
        /// Workers that wait for a signal, not counting the one that was already signalled.
        var idle = 0
        /// When an alarm that is set for jobs that wait calls `relieve`; nil if none is set.
        var nextLook: ContinuousClock.Instant?
        /// The alarm; nil if none is set, or it is only being set.
        var alarm: UInt64?
        /// Whether jobs have waited too long: they wait for no running thread then.
        var isOverdue = false
        /// Whether a worker was signalled and has not woken yet. It wakes the next one if too many jobs are left: a running thread
        /// often does several jobs that are enqueued together.
        var isWaking = false
        /// Workers that count as stuck; each ends when its job ends.
        var stuck = 0
    }

    /// What waiting jobs need.
    private struct Help {
        /// A signal to an idle worker.
        var signals = false
        /// New threads, by number.
        var begun: [Int] = []
        /// A look after this time, if they still wait then.
        var look: Duration?
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        give(
            state.withLock { state in
                state.jobs.append(job)
                if Self.isUrgent(job) { state.urgent += 1 }
                return Self.help(&state)
            })
    }

    /// Wakes a thread for jobs that have waited longer than expected, and replaces stuck threads.
    private func relieve() {
        give(
            state.withLock { state in
                if let next = state.nextLook, next <= .now { (state.nextLook, state.alarm) = (nil, nil) }
                state.isOverdue = !state.jobs.isEmpty
                return Self.help(&state)
            })
    }

    private func give(_ help: Help) {
        if help.signals { signal.signal() }
        help.begun.forEach(start)
        guard let time = help.look, !setAlarm(after: time) else { return }
        // Out of descriptors or threads: help that cannot come later comes now.
        let now = state.withLock { state in
            state.isOverdue = true
            defer { state.nextLook = nil }
            return Self.help(&state)
        }
        if now.signals { signal.signal() }
        now.begun.forEach(start)
    }

    /// - Returns: false if it cannot be set.
    private func setAlarm(after time: Duration) -> Bool {
        guard let alarm = AlarmClock.shared.call(after: time, relieve) else { return false }
        state.withLock { state in if state.nextLook != nil { state.alarm = alarm } }
        return true
    }

    private static func help(_ state: inout State) -> Help {
        var help = Help()
        guard !state.jobs.isEmpty, !state.isWaking else { return help }
        if state.idle > 0 {
            let mayWait = !state.isOverdue && state.jobs.count <= waitingAtMost && state.urgent <= urgentAtMost
            if mayWait, state.workers.contains(where: isSoonFree) {
                help.look = look(&state, after: longestWait)
            } else {
                state.idle -= 1
                state.isWaking = true
                help.signals = true
            }
            return help
        }
        if state.running - state.stuck >= size {
            let limit = ContinuousClock.now - stuckAfter
            for (number, worker) in state.workers.enumerated() {
                guard state.stuck < stuckAtMost else { break }
                guard let worker, !worker.isStuck, let since = worker.since, since < limit else { continue }
                state.workers[number]?.isStuck = true
                state.stuck += 1
            }
        }
        while state.running - state.stuck < size, help.begun.count < state.jobs.count {
            let number = state.workers.firstIndex { $0 == nil } ?? state.workers.count
            if number == state.workers.count { state.workers.append(nil) }
            state.workers[number] = Worker()
            state.running += 1
            help.begun.append(number)
        }
        if help.begun.count < state.jobs.count { help.look = look(&state, after: stuckAfter) }
        return help
    }

    /// Nil if a look is planned that comes no later.
    private static func look(_ state: inout State, after time: Duration) -> Duration? {
        let look = ContinuousClock.now + time
        if let next = state.nextLook, next <= look { return nil }
        state.nextLook = look
        return time
    }

    private func start(_ number: Int) {
        guard BackgroundThread.start("probes-\(number)", { self.work(as: number) }) != 0 else { return }
        // If no thread can be created now, the jobs wait for the existing ones, or for the next attempt.
        let isLater = state.withLock { state in
            Self.remove(number, &state)
            return Self.look(&state, after: Self.stuckAfter) != nil
        }
        if isLater, !setAlarm(after: Self.stuckAfter) { state.withLock { $0.nextLook = nil } }
    }

    private static func remove(_ number: Int, _ state: inout State) {
        state.workers[number] = nil
        state.running -= 1
    }

    private enum Step {
        case run(UnownedJob, Help)
        /// - Parameter alarm: one that is not needed any more.
        case wait(alarm: UInt64?)
        case end
    }

    private func work(as number: Int) {
        while true {
            switch state.withLock({ Self.next(number, &$0) }) {
            case .run(let job, let help):
                give(help)
                job.runSynchronously(on: asUnownedTaskExecutor())
            case .wait(let alarm):
                if let alarm { AlarmClock.shared.cancelCall(alarm) }
                signal.wait()
                state.withLock { $0.isWaking = false }
            case .end: return
            }
        }
    }

    private static func isUrgent(_ job: UnownedJob) -> Bool { job.priority.rawValue > TaskPriority.utility.rawValue }

    private static func isSoonFree(_ worker: Worker?) -> Bool {
        worker?.since.map { ContinuousClock.now - $0 < justBegun } ?? false
    }

    private static func next(_ number: Int, _ state: inout State) -> Step {
        if state.workers[number]?.isStuck == true {
            remove(number, &state)
            state.stuck -= 1
            return .end
        }
        guard let job = state.jobs.popFirst() else {
            state.workers[number]?.since = nil
            state.isOverdue = false
            state.idle += 1
            guard let alarm = state.alarm else { return .wait(alarm: nil) }
            (state.nextLook, state.alarm) = (nil, nil)
            return .wait(alarm: alarm)
        }
        if isUrgent(job) { state.urgent -= 1 }
        state.workers[number]?.since = .now
        return .run(job, help(&state))
    }
}
