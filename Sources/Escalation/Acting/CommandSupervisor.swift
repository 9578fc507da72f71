import CLinux
import Documents
import FoundationEssentials
import Glibc

/// The process between the agent and a command: it adopts whatever the command leaves running, and ends it with the command.
///
/// A process group alone would not do: what has made itself a session of its own is not in it. Everything that descends from the command is
/// handed to this process by the kernel as its parents end, so that nothing can leave.
package enum CommandSupervisor {
    /// What it is asked to end everything at once by; it then ends by SIGKILL itself.
    static let stop = SIGUSR1
    /// What it prints before the reason where the command cannot be run, and the status it then ends with.
    static let refusal = "agent: cannot be run: "
    static let refusalStatus: Int32 = 127

    /// Runs a program with arguments, in a session of its own, and ends as it ends. SIGTERM is passed on to its process group.
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
        // Its streams are the command's alone: the agent sees them end.
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

    /// Signals as they come, each a byte: whichever thread they reach, the one that waits is told.
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
        guard let program = command.first else { return .failure(Problem(reason: "there is no command")) }
        var child = pid_t()
        let error = posix_spawnp(&child, program, nil, &attributes, &words, environ)
        return error == 0 ? .success(child) : .failure(Problem(reason: String(cString: strerror(error))))
    }

    /// Takes leave of every child that has ended; the command's status once it is among them.
    private static func reap(_ child: pid_t) -> Int32? {
        var ended: Int32?
        var status: Int32 = 0
        while true {
            let pid = waitpid(-1, &status, WNOHANG)
            guard pid > 0 else { return ended }
            if pid == child { ended = status }
        }
    }

    /// Kills all that descends from the command, generation by generation: the children of one that has ended are this process's.
    private static func endAll(of child: pid_t) {
        kill(-child, SIGKILL)
        while true {
            // One of another user's cannot be killed, and is not waited for.
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
        // The command's own core is enough.
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
