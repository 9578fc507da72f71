import CLinux
import Documents
import FoundationEssentials
import Glibc

/// The process between the agent and a command: a child subreaper that kills all remaining descendants when the command ends.
///
/// A process group would not suffice, since a descendant can start its own session. As a subreaper, this process becomes the parent of
/// every orphaned descendant of the command, so that none can escape.
package enum CommandSupervisor {
    /// The signal that tells the supervisor to kill everything at once; it then ends itself by SIGKILL.
    static let stop = SIGUSR1
    /// If the command cannot be started, the supervisor prints this prefix and the reason, and exits with `refusalStatus`.
    static let refusal = "agent: cannot be run: "
    static let refusalStatus: Int32 = 127

    /// Runs a program with its arguments in a new session and ends with the same exit status or signal. SIGTERM is passed on to its process
    /// group. The entry point of `agent supervise`.
    package static func run(_ command: [String]) -> Never {
        listen()
        agent_adopt_orphans()
        let child: pid_t
        switch spawn(command) {
        case .success(let pid): child = pid
        case .failure(let problem):
            let text = Array((refusal + problem.reason).utf8)
            _ = write(2, text, text.count)
            exit(refusalStatus)
        }
        // Only the command keeps the streams open, so that the agent sees their end.
        for descriptor: Int32 in 0...2 { close(descriptor) }
        while true {
            switch nextSignal() {
            case SIGTERM: kill(-child, SIGTERM)
            case stop:
                endAll(of: child)
                end(by: SIGKILL)
            case SIGCHLD:
                guard let status = reap(child) else { continue }
                endAll(of: child)
                let signal = status & 0x7F
                if signal != 0 { end(by: signal) }
                exit((status >> 8) & 0xFF)
            default: continue
            }
        }
    }

    /// A self-pipe with one byte per signal: it works whichever thread receives the signal.
    private static let signals: (read: Int32, write: Int32) = {
        var ends: [Int32] = [-1, -1]
        pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }()

    private static func listen() {
        _ = signals
        for number in [SIGCHLD, SIGTERM, stop] {
            signal(number) { number in
                let error = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(CommandSupervisor.signals.write, &byte, 1)
                errno = error
            }
        }
    }

    private static func nextSignal() -> Int32 {
        var byte: UInt8 = 0
        while read(signals.read, &byte, 1) != 1 {}
        return Int32(byte)
    }

    private struct Problem: Error { var reason: String }

    private static func spawn(_ command: [String]) -> Result<pid_t, Problem> {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | Int16(agent_spawn_session))
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        guard let program = command.first else { return .failure(Problem(reason: "no command given")) }
        var child = pid_t()
        let error = posix_spawnp(&child, program, nil, &attributes, &words, environ)
        return error == 0 ? .success(child) : .failure(Problem(reason: String(cString: strerror(error))))
    }

    /// Reaps every child that has ended. Returns the command's wait status if it is among them.
    private static func reap(_ child: pid_t) -> Int32? {
        var ended: Int32?
        var status: Int32 = 0
        while true {
            let pid = waitpid(-1, &status, WNOHANG)
            guard pid > 0 else { return ended }
            if pid == child { ended = status }
        }
    }

    /// Kills all descendants of the command, generation by generation: children of a killed process become children of this one.
    private static func endAll(of child: pid_t) {
        kill(-child, SIGKILL)
        while true {
            // A process of another user cannot be killed and is not waited for.
            let killed = children.filter { kill($0, SIGKILL) == 0 }
            guard !killed.isEmpty, waitpid(-1, nil, 0) > 0 else { return }
        }
    }

    private static var children: [pid_t] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return threads.flatMap { thread in
            let list = (try? RegularFile.read("/proc/self/task/\(thread)/children", atMost: 1 << 20)) ?? []
            return String(decoding: list, as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
        }
    }

    private static func end(by signal: Int32) -> Never {
        // No core dump of the supervisor; the command has written its own.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        Glibc.signal(signal, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, signal)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        kill(getpid(), signal)
        exit(128 + signal)
    }
}
