import Glibc
import Probing
import Synchronization

/// Enforces the time limit of a command by signalling its supervisor.
final class CommandWatch: Sendable {
    enum Ending: Sendable {
        case terminated, killed
        /// Because the agent is shutting down.
        case stopped
    }

    private struct State {
        /// The process ID of the supervisor; nil before it has started and after it has been reaped.
        var supervisor: pid_t?
        var ending: Ending?
        /// A signal to be sent as soon as the supervisor has started: the time limit was reached before.
        var pendingSignal: Int32?
        var hasBegun = false
        var isOver = false
    }

    private let time: any TimeSource
    private let state = Mutex(State())

    init(time: any TimeSource) { self.time = time }

    /// How the command was ended; nil if it ended by itself or still runs.
    var ending: Ending? { state.withLock(\.ending) }

    func began(_ supervisor: pid_t) {
        state.withLock { state in
            state.supervisor = supervisor
            state.hasBegun = true
            if let pendingSignal = state.pendingSignal { kill(supervisor, pendingSignal) }
        }
    }

    /// Whether the supervisor was started: the command may then have had an effect.
    var hasBegun: Bool { state.withLock(\.hasBegun) }

    /// Waits for the time limit, sends SIGTERM to the command's process group, and kills everything after the grace period. If
    /// cancelled, it kills at once.
    func run(until limit: Duration, grace: Duration) async {
        do {
            try await time.sleep(until: limit)
            signal(SIGTERM, .terminated)
            try await time.sleep(until: limit + grace)
            signal(CommandSupervisor.stop, .killed)
        } catch {
            signal(CommandSupervisor.stop, .stopped)
        }
    }

    /// Records that the supervisor has ended, and with it all processes the command started.
    func ended() {
        state.withLock { state in
            state.supervisor = nil
            state.isOver = true
        }
    }

    /// Whether the supervisor has ended. Processes it was not permitted to kill may still hold the command's streams open.
    var hasEnded: Bool {
        guard let supervisor = state.withLock(\.supervisor) else { return true }
        var information = siginfo_t()
        guard waitid(P_PID, id_t(supervisor), &information, WEXITED | WNOHANG | WNOWAIT) == 0 else { return true }
        return information.si_signo != 0
    }

    private func signal(_ signal: Int32, _ ending: Ending) {
        state.withLock { state in
            guard !state.isOver else { return }
            state.ending = ending
            if let supervisor = state.supervisor { kill(supervisor, signal) } else { state.pendingSignal = signal }
        }
    }
}
