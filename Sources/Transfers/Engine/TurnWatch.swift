import CLinux
import Concurrency
import Glibc
import Synchronization

/// Aborts a transfer that keeps the engine in one turn.
///
/// libcurl keeps reading as long as there is data that is not part of a response, such as HTTP/2 frames or TLS records. A peer that sends
/// them as fast as they are read would block the engine. Its connection is shut down by a separate thread, which sleeps otherwise.
final class TurnWatch: Sendable {
    /// One connection of a transfer.
    final class Connection: Sendable {
        let descriptor: Int32
        let isCut = Atomic(false)

        init(_ descriptor: Int32) { self.descriptor = descriptor }
    }

    /// How long a turn may last before it is checked, and the interval of further checks, in milliseconds.
    private static let interval: Int32 = 50
    /// Maximum number of bytes a transfer may read while a turn is checked; normal transfers read far less in one turn.
    private static let mostRead: Int64 = 1 << 20
    /// What the engine's thread must have computed meanwhile: a machine that is busy makes turns long, and that is no fault of a peer.
    private static let mostComputed: Duration = .milliseconds(40)

    private let timer = agent_timer()
    /// Odd during a turn.
    private let turns = Atomic(0)
    /// Whether the timer is set. It is set at most once per interval, so that not every turn takes two system calls.
    private let isSet = Atomic(false)
    private let isClosed = Atomic(false)
    /// The clock of the time that the engine's thread has computed.
    private let clock = Atomic<clockid_t>(CLOCK_MONOTONIC)
    private let connections = Mutex<[Int32: Connection]>([:])

    /// - Throws: if the timer or the thread cannot be created.
    init() throws(SystemRefusal) {
        let refusal = errno
        guard timer >= 0 else { throw SystemRefusal("a timer for outgoing connections", errno: refusal) }
        let code = BackgroundThread.start("turn-watch") { self.work() }
        guard code == 0 else { throw SystemRefusal("another thread", errno: code) }
    }

    deinit { Glibc.close(timer) }

    func close() {
        isClosed.store(true, ordering: .releasing)
        agent_set_timer(timer, 1)
    }

    /// Called once, on the thread whose turns are watched.
    func watchThisThread() {
        var own = clockid_t()
        if pthread_getcpuclockid(pthread_self(), &own) == 0 { clock.store(own, ordering: .releasing) }
    }

    func beginTurn() {
        turns.add(1, ordering: .sequentiallyConsistent)
        set()
    }

    func endTurn() { turns.add(1, ordering: .sequentiallyConsistent) }

    private func set() {
        if !isSet.exchange(true, ordering: .sequentiallyConsistent) { agent_set_timer(timer, Self.interval) }
    }

    func opened(_ descriptor: Int32) -> Connection {
        let connection = Connection(descriptor)
        connections.withLock { $0[descriptor] = connection }
        return connection
    }

    /// Ends a connection that libcurl may still keep, so that no other transfer goes on with it.
    func shut(_ connection: Connection) {
        connections.withLock { connections in
            if connections[connection.descriptor] === connection { shutdown(connection.descriptor, Int32(agent_shutdown_both())) }
        }
    }

    /// Closes a descriptor under the lock, so that `watch` never shuts down another connection with the same number.
    func close(_ descriptor: Int32) -> Int32 {
        connections.withLock { connections in
            connections[descriptor] = nil
            return Glibc.close(descriptor)
        }
    }

    private func work() {
        var last = 0
        while true {
            var expirations: UInt64 = 0
            _ = read(timer, &expirations, 8)
            if isClosed.load(ordering: .acquiring) { return }
            // Cleared before the turn is checked: a turn that begins later sets the timer itself.
            isSet.store(false, ordering: .sequentiallyConsistent)
            let turn = turns.load(ordering: .sequentiallyConsistent)
            guard turn % 2 == 1 else { continue }
            if turn == last {
                watch(turn)
            } else {
                // The turn may have begun just now.
                last = turn
                set()
            }
        }
    }

    private func watch(_ turn: Int) {
        let computed = self.computed
        let before = connections.withLock { $0.keys.map { ($0, agent_bytes_read($0)) } }
        while turns.load(ordering: .acquiring) == turn {
            if self.computed - computed >= Self.mostComputed { cut(before, in: turn) }
            usleep(useconds_t(Self.interval) * 1000)
        }
    }

    private var computed: Duration {
        var time = timespec()
        clock_gettime(clock.load(ordering: .acquiring), &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// Cuts the connections that have read too much since then.
    private func cut(_ before: [(Int32, Int64)], in turn: Int) {
        for (descriptor, count) in before where count >= 0 {
            connections.withLock { connections in
                guard let connection = connections[descriptor], turns.load(ordering: .acquiring) == turn,
                    agent_bytes_read(descriptor) - count > Self.mostRead
                else { return }
                connection.isCut.store(true, ordering: .releasing)
                shutdown(descriptor, Int32(SHUT_RDWR))
            }
        }
    }
}
