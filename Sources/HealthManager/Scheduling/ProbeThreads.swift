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
        var workers: [Int: Worker] = [:]
        var begun = 0
        /// Workers that wait for a signal, less the signals under way.
        var idle = 0
        /// Workers that are counted as stuck; each ends with its job.
        var stuck = 0
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let (mustWake, begun) = state.withLock { state in
            state.jobs.append(job)
            guard state.idle == 0 else {
                state.idle -= 1
                return (true, [Int]())
            }
            return (false, Self.relieve(&state))
        }
        if mustWake { signal.signal() }
        begun.forEach(start)
    }

    /// Replaces threads that are stuck, where jobs wait for one.
    func relieve() { state.withLock { Self.relieve(&$0) }.forEach(start) }

    /// - Returns: the numbers of workers to be started.
    private static func relieve(_ state: inout State) -> [Int] {
        guard !state.jobs.isEmpty, state.idle == 0 else { return [] }
        if state.workers.count - state.stuck >= size {
            let limit = ContinuousClock.now - patience
            for (number, worker) in state.workers where !worker.isStuck && worker.since.map({ $0 < limit }) ?? false {
                guard state.stuck < stuckAtMost else { break }
                state.workers[number]?.isStuck = true
                state.stuck += 1
            }
        }
        var begun: [Int] = []
        while state.workers.count - state.stuck < size, begun.count < state.jobs.count {
            state.begun += 1
            state.workers[state.begun] = Worker()
            begun.append(state.begun)
        }
        return begun
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
        state.withLock { $0.workers[number] = nil }
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
        case run(UnownedJob)
        case wait
        case end
    }

    private func work(as number: Int) {
        while true {
            switch state.withLock({ next(number, &$0) }) {
            case .run(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            case .wait: signal.wait()
            case .end: return
            }
        }
    }

    private func next(_ number: Int, _ state: inout State) -> Step {
        if state.workers[number]?.isStuck == true {
            state.workers[number] = nil
            state.stuck -= 1
            return .end
        }
        guard let job = state.jobs.popFirst() else {
            state.workers[number]?.since = nil
            state.idle += 1
            return .wait
        }
        state.workers[number]?.since = .now
        return .run(job)
    }
}
