import CLinux
import Glibc
import HealthManager
import Monitoring
import ServiceLifecycle
import Synchronization

/// Tells the service manager that started the process (systemd, by `sd_notify`'s protocol) how the agent is: ready, reloading, stopping, a
/// line of status, and that its schedule makes progress. Tells nothing if there is none.
final class ServiceManager: Sendable {
    /// The path of a datagram socket; `@` begins an abstract name.
    private let socketPath: String?
    /// Without a sign of life for so long, the process is killed and started again; nil if the manager does not watch.
    let patience: Duration?

    /// The last of the messages that are sent only once, if there was no place for it in the queue of the manager.
    private let unsent = Mutex<String?>(nil)

    init(environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }) {
        socketPath = environment("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
        let isMeant = environment("WATCHDOG_PID").map { $0 == "\(getpid())" } ?? true
        patience = isMeant ? environment("WATCHDOG_USEC").flatMap { Int64($0) }.flatMap { $0 > 0 ? .microseconds($0) : nil } : nil
    }

    var isPresent: Bool { socketPath != nil }

    func ready() { insist("READY=1") }

    /// The time tells a manager that waits for the end of a reload (`Type=notify-reload`) which one this is the answer to.
    func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        insist("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)")
    }

    func stopping() { insist("STOPPING=1") }

    /// - Parameter isAlive: whether the schedule makes progress.
    func report(_ status: String, isAlive: Bool) {
        unsent.withLock { unsent in
            if let message = unsent, tell(message) { unsent = nil }
        }
        _ = tell("STATUS=\(status)" + (isAlive ? "\nWATCHDOG=1" : ""))
    }

    /// If the queue of the manager is full, it is told with the next report.
    private func insist(_ message: String) {
        unsent.withLock { $0 = tell(message) ? nil : message }
    }

    /// Never waits.
    /// - Returns: false if the queue of the manager is full.
    private func tell(_ message: String) -> Bool {
        guard let socketPath else { return true }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        guard agent_connect_unix(descriptor, socketPath) == 0 else { return true }
        return send(descriptor, message, message.utf8.count, Int32(MSG_NOSIGNAL)) >= 0 || errno != EAGAIN
    }
}

/// Reports the status of the manager again and again, and the end.
struct StatusReports: Service {
    /// Without a watchdog.
    private static let interval: Duration = .seconds(10)

    let to: ServiceManager
    let manager: HealthManager

    func run() async throws {
        let interval = to.patience.map { min($0 / 3, Self.interval) } ?? Self.interval
        await cancelWhenGracefulShutdown {
            repeat {
                // If the manager's thread is blocked, this waits for ever, and the watchdog ends it.
                let (facts, probes) = await manager.agentFacts()
                to.report(Self.line(facts, probes), isAlive: to.patience.map { facts.overdue < $0 / 2 } ?? true)
            } while (try? await Task.sleep(for: interval)) != nil
        }
        to.stopping()
    }

    /// Such as `42 probes; not healthy: OAuth on mbx01, Web`.
    static func line(_ facts: AgentFacts, _ probes: Int) -> String {
        let troubled = facts.healthSets.filter { [.unhealthy, .degraded, .repairing].contains($0.tally.worst) }.map { key, _ in
            key.server.isEmpty ? key.healthSet : "\(key.healthSet) on \(key.server)"
        }
        let named = troubled.prefix(5).joined(separator: ", ") + (troubled.count > 5 ? " and \(troubled.count - 5) more" : "")
        return "\(probes) probes; " + (troubled.isEmpty ? "nothing unhealthy" : "not healthy: \(named)")
    }
}
