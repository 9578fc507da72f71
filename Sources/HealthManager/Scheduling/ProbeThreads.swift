import DequeModule
import Dispatch
import Glibc
import Synchronization

/// The threads that probes run on. None is of the cooperative pool: a run that never suspends holds up nothing but its own thread.
///
/// A thread that does not come back from one job while others wait is replaced, up to a limit.
package final class ProbeThreads: TaskExecutor {
    /// One for the process, as the cooperative pool is.
    package static let shared = ProbeThreads()

    /// Threads that may run jobs at the same time, those that are stuck aside.
    private static let size = max(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    private static let stuckAtMost = 64
    /// How long one job may hold a thread before others that wait get another one.
    private static let patience: Duration = .milliseconds(50)

    private struct Worker {
        /// When its job began; nil between jobs.
        var since: ContinuousClock.Instant?
        var isStuck = false
    }

    private struct State {
        var jobs: Deque<UnownedJob> = []
        /// By number; nil where none is running.
        var workers: [Worker?] = []
        var running = 0
        /// Workers that wait for a signal, less the one that was sent one.
        var idle = 0
        /// Whether a worker was sent a signal and has not looked yet. It wakes the next one itself where there are jobs left: of jobs that come
        /// together, a thread that is awake often does several.
        var isWaking = false
        /// Workers that are counted as stuck; each ends with its job.
        var stuck = 0
    }

    /// What jobs that wait need: a signal to a worker that is idle, or threads to be started.
    private enum Help {
        case signal
        case start([Int])
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        give(
            state.withLock { state in
                state.jobs.append(job)
                return Self.help(&state)
            })
    }

    /// Replaces threads that are stuck, where jobs wait for one.
    func relieve() { give(state.withLock { Self.help(&$0) }) }

    private func give(_ help: Help) {
        switch help {
        case .signal: signal.signal()
        case .start(let numbers): numbers.forEach(start)
        }
    }

    private static func help(_ state: inout State) -> Help {
        guard !state.jobs.isEmpty, !state.isWaking else { return .start([]) }
        if state.idle > 0 {
            state.idle -= 1
            state.isWaking = true
            return .signal
        }
        if state.running - state.stuck >= size {
            let limit = ContinuousClock.now - patience
            for (number, worker) in state.workers.enumerated() {
                guard state.stuck < stuckAtMost else { break }
                guard let worker, !worker.isStuck, let since = worker.since, since < limit else { continue }
                state.workers[number]?.isStuck = true
                state.stuck += 1
            }
        }
        var begun: [Int] = []
        while state.running - state.stuck < size, begun.count < state.jobs.count {
            let number = state.workers.firstIndex { $0 == nil } ?? state.workers.count
            if number == state.workers.count { state.workers.append(nil) }
            state.workers[number] = Worker()
            state.running += 1
            begun.append(number)
        }
        return .start(begun)
    }

    private func start(_ number: Int) {
        var thread = pthread_t()
        let this = Unmanaged.passRetained(Start(threads: self, number: number)).toOpaque()
        let created = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                start.threads.work(as: start.number)
                return nil
            }, this)
        if created == 0 {
            pthread_detach(thread)
            return
        }
        // The system has none to give now: the jobs wait for the threads there are.
        Unmanaged<Start>.fromOpaque(this).release()
        state.withLock { Self.remove(number, &$0) }
    }

    private static func remove(_ number: Int, _ state: inout State) {
        state.workers[number] = nil
        state.running -= 1
    }

    private final class Start: Sendable {
        let threads: ProbeThreads
        let number: Int

        init(threads: ProbeThreads, number: Int) {
            self.threads = threads
            self.number = number
        }
    }

    private enum Step {
        case run(UnownedJob, Help)
        case wait
        case end
    }

    private func work(as number: Int) {
        while true {
            switch state.withLock({ Self.next(number, &$0) }) {
            case .run(let job, let help):
                give(help)
                job.runSynchronously(on: asUnownedTaskExecutor())
            case .wait:
                signal.wait()
                state.withLock { $0.isWaking = false }
            case .end: return
            }
        }
    }

    private static func next(_ number: Int, _ state: inout State) -> Step {
        if state.workers[number]?.isStuck == true {
            remove(number, &state)
            state.stuck -= 1
            return .end
        }
        guard let job = state.jobs.popFirst() else {
            state.workers[number]?.since = nil
            state.idle += 1
            return .wait
        }
        state.workers[number]?.since = .now
        return .run(job, help(&state))
    }
}
