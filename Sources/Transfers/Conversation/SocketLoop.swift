import CLinux
import Concurrency
import Glibc
import Synchronization

/// A file descriptor that is closed when the object is released.
final class Descriptor: Sendable {
    let number: Int32
    private let turns = Atomic(0)

    /// How many consecutive operations a task may do without waiting before it yields.
    private static let turnsInARow = 16

    init(_ number: Int32) { self.number = number }

    /// Called after an operation that did not have to wait: yields now and then, but not each time, as that may switch threads.
    func shareTurns() async {
        if turns.add(1, ordering: .relaxed).newValue.isMultiple(of: Self.turnsInARow) { await Task.yield() }
    }

    deinit { if number >= 0 { close(number) } }

    /// The failure that keeps the process from opening more descriptors; nil if it can.
    ///
    /// Used after the failure of a library that opens descriptors itself and does not report the error.
    static func lack(of count: Int = 1, in phase: ExchangePhase) -> ExchangeFailure? {
        var opened: [Descriptor] = []
        for _ in 0..<count {
            opened.append(Descriptor(agent_eventfd()))
            if opened.last?.number == -1 { return SystemFailure(errno).lack(in: phase) }
        }
        return nil
    }
}

/// Waits for descriptors to become ready: one epoll instance on one thread for all sockets that libcurl does not own.
///
/// The thread only wakes tasks, which do the reading, writing and encryption. Only one task may wait for a descriptor at a time.
final class SocketLoop: Sendable {
    enum Interest { case read, write }
    enum Wakeup { case ready, timedOut, cancelled }

    private struct Waiter {
        var ticket: UInt64
        var until: ContinuousClock.Instant
        var continuation: CheckedContinuation<Wakeup, Never>
    }

    private struct State {
        var waiters: [Int32: Waiter] = [:]
        var tickets: UInt64 = 0
        /// When the thread wakes by itself; not later than the earliest deadline of a waiter.
        var alarm: ContinuousClock.Instant?
        var isClosed = false
    }

    private let epoll = agent_epoll()
    private let wakeup = agent_eventfd()
    private let state = Mutex(State())

    init() throws(SystemRefusal) {
        guard epoll >= 0, wakeup >= 0, agent_watch(epoll, wakeup, 1, 0, 0) == 0 else {
            let code = errno
            for descriptor in [epoll, wakeup] where descriptor >= 0 { Glibc.close(descriptor) }
            throw SystemRefusal("an epoll instance", errno: code)
        }
        let code = BackgroundThread.start("sockets") { self.work() }
        guard code == 0 else {
            for descriptor in [epoll, wakeup] { Glibc.close(descriptor) }
            throw SystemRefusal("another thread", errno: code)
        }
    }

    /// Ends the thread; waiting tasks are woken with `cancelled`.
    func close() {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            ring()
        }
    }

    /// `cancelled` or `timedOut` if the calling task must stop; nil if it may continue. Must be checked in every loop over received data,
    /// because a peer that never stops sending never makes the task wait.
    static func ending(at deadline: ContinuousClock.Instant) -> Wakeup? {
        if Task.isCancelled { return .cancelled }
        return ContinuousClock.now >= deadline ? .timedOut : nil
    }

    /// Waits until the descriptor can be read or written without blocking, its peer has closed, the deadline has passed, or the task is
    /// cancelled.
    func wait(_ descriptor: Descriptor, for interest: Interest, until deadline: ContinuousClock.Instant) async -> Wakeup {
        while true {
            if let ending = Self.ending(at: deadline) { return ending }
            if Self.isReady(descriptor.number, interest) {
                await descriptor.shareTurns()
                return .ready
            }
            // The event may have been for an earlier descriptor with the same number: check again.
            let wakeup = await waitOnce(descriptor, for: interest, until: deadline)
            if wakeup != .ready { return wakeup }
        }
    }

    private func waitOnce(_ descriptor: Descriptor, for interest: Interest, until deadline: ContinuousClock.Instant) async -> Wakeup {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let refusal = state.withLock { state -> Wakeup? in
                    if Task.isCancelled || state.isClosed { return .cancelled }
                    state.waiters[descriptor.number] = Waiter(ticket: ticket, until: deadline, continuation: continuation)
                    _ = agent_watch(epoll, descriptor.number, interest == .read ? 1 : 0, interest == .write ? 1 : 0, 1)
                    return nil
                }
                if let refusal { return continuation.resume(returning: refusal) }
                state.withLock { state in
                    guard !state.isClosed, state.alarm.map({ deadline < $0 }) ?? true else { return }
                    state.alarm = deadline
                    ring()
                }
            }
        } onCancel: {
            wake(descriptor.number, ticket: ticket, .cancelled)
        }
    }

    private static func isReady(_ descriptor: Int32, _ interest: Interest) -> Bool {
        var query = pollfd(fd: descriptor, events: Int16(interest == .read ? POLLIN : POLLOUT), revents: 0)
        return poll(&query, 1, 0) == 1
    }

    private func wake(_ number: Int32, ticket: UInt64? = nil, _ wakeup: Wakeup) {
        let waiter = state.withLock { state -> Waiter? in
            guard let waiter = state.waiters[number], ticket == nil || waiter.ticket == ticket else { return nil }
            state.waiters[number] = nil
            return waiter
        }
        waiter?.continuation.resume(returning: wakeup)
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    private func work() {
        var ready = [Int32](repeating: 0, count: 256)
        var writable = ready
        while true {
            let (alarm, isClosed) = state.withLock { ($0.alarm, $0.isClosed) }
            if isClosed { break }
            let left = alarm.map { max(0, ($0 - ContinuousClock.now) / .milliseconds(1)) } ?? 60_000
            let count = Int(agent_ready(epoll, &ready, &writable, 256, Int32(min(60_000, left.rounded(.up)))))
            for descriptor in ready.prefix(max(0, count)) {
                if descriptor == wakeup {
                    var rung: UInt64 = 0
                    _ = read(wakeup, &rung, 8)
                } else {
                    wake(descriptor, .ready)
                }
            }
            expire()
        }
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.continuation.resume(returning: .cancelled) }
        Glibc.close(epoll)
        Glibc.close(wakeup)
    }

    /// Wakes the waiters whose deadline has passed. Scans all waiters, but only when the alarm is due.
    private func expire() {
        let now = ContinuousClock.now
        let expired = state.withLock { state -> [Waiter] in
            guard let alarm = state.alarm, alarm <= now else { return [] }
            let over = state.waiters.filter { $0.value.until <= now }
            for number in over.keys { state.waiters[number] = nil }
            state.alarm = state.waiters.values.map(\.until).min()
            return Array(over.values)
        }
        for waiter in expired { waiter.continuation.resume(returning: .timedOut) }
    }
}
