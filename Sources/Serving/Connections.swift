import Glibc
package import Logging
package import NIOCore
import Synchronization

/// The open connections of a listener, or of several, with limits on their number and on the duration of each phase.
///
/// At a limit, a new connection is still accepted and the one idle longest is closed instead, so that idle clients cannot block others: of
/// its own address, if that has half of all connections. If every one of them is waiting for its response, the new one is closed.
package final class Connections: Sendable {
    /// Limits on the connections of one listener.
    package struct Limits: Sendable {
        /// Maximum number of open connections.
        package var open: Int
        /// Maximum number of open connections of one address, so that one client cannot shut out the others.
        package var ofOneAddress: Int
        /// Maximum time for receiving a request head, for receiving a body, and without progress in sending a response.
        package var timeout: TimeAmount = .seconds(20)
        /// Maximum idle time between requests while fewer than half of `open` connections are open; otherwise `timeout` applies.
        package var idle: TimeAmount = .minutes(2)

        package init(open: Int) {
            self.open = open
            ofOneAddress = (open + 1) / 2
        }
    }

    /// Numbers for `/metrics`. `open` is the current number, `limit` its maximum; the others count events since the start.
    package struct Facts: Sendable {
        package var open = 0
        package var limit = 0
        /// Connections closed by a time limit.
        package var timedOut = 0
        /// Idle connections closed in favour of new ones.
        package var displaced = 0
        /// New connections closed because all others were waiting for their responses.
        package var refused = 0
        /// Number of times accepting failed for lack of descriptors or memory.
        package var exhausted = 0

        package init() {}
    }

    private struct State {
        private(set) var records: [ObjectIdentifier: ConnectionRecord] = [:]
        /// The number of records by address; none is 0.
        private(set) var counts: [String: Int] = [:]
        var facts = Facts()
        var lastWarning: [String: NIODeadline] = [:]

        mutating func add(_ record: ConnectionRecord) {
            records[ObjectIdentifier(record.channel)] = record
            if let address = record.address { counts[address, default: 0] += 1 }
        }

        /// Does nothing if it has been removed.
        mutating func remove(_ record: ConnectionRecord) {
            let id = ObjectIdentifier(record.channel)
            guard records[id] === record else { return }
            records[id] = nil
            guard let address = record.address else { return }
            let left = (counts[address] ?? 1) - 1
            counts[address] = left == 0 ? nil : left
        }
    }

    private static let warningInterval: TimeAmount = .minutes(5)

    private let limits: Limits
    private let logger: Logger
    private let reserve = DescriptorReserve()
    private let state = Mutex(State())

    /// - Parameter logger: warned, at most every five minutes, when the limit or the limit of open files is reached.
    package init(_ limits: Limits, logger: Logger) {
        self.limits = limits
        self.logger = logger
    }

    /// The current numbers.
    package var facts: Facts {
        state.withLock { state in
            var facts = state.facts
            facts.open = state.records.count
            facts.limit = limits.open
            return facts
        }
    }

    /// Enforces the limits on a listener until it closes; called before it is bound, on its event loop. Several listeners share the limits.
    func watch(_ listener: any Channel) -> EventLoopFuture<Void> {
        listener.eventLoop.makeCompletedFuture {
            try listener.pipeline.syncOperations.addHandler(AcceptGuard(self))
            let interval: TimeAmount = .nanoseconds(limits.timeout.nanoseconds / 5)
            let looking = listener.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in self.look() }
            listener.closeFuture.whenComplete { _ in looking.cancel() }
        }
    }

    /// Closes the connections with an incomplete request; others end after their responses. Each listener stops by itself.
    func quiesce() {
        for record in state.withLock({ Array($0.records.values) }) { record.quiesce() }
    }

    // MARK: Opening and closing

    /// Registers a new connection and returns its record. A refused connection is closed.
    func admit(_ channel: any Channel) -> ConnectionRecord {
        let record = ConnectionRecord(channel)
        let (displaced, isRefused, isGreedy) = state.withLock { state -> (ConnectionRecord?, Bool, Bool) in
            let isGreedy = record.address.map { state.counts[$0, default: 0] >= limits.ofOneAddress } ?? false
            guard isGreedy || state.records.count >= limits.open else {
                state.add(record)
                return (nil, false, false)
            }
            let candidates = state.records.values.filter { !isGreedy || $0.address == record.address }
            guard let displaced = Self.mostIdle(candidates) else {
                state.facts.refused += 1
                return (nil, true, isGreedy)
            }
            state.facts.displaced += 1
            state.remove(displaced)
            state.add(record)
            return (displaced, false, isGreedy)
        }
        if displaced != nil || isRefused {
            let (limit, address) = isGreedy ? (limits.ofOneAddress, record.address ?? "") : (limits.open, "any")
            warn("connection limit reached, closing the connections idle longest", ["limit": "\(limit)", "address": "\(address)"])
        }
        displaced?.cut()
        if isRefused {
            channel.close(promise: nil)
        } else {
            channel.closeFuture.whenComplete { _ in self.state.withLock { $0.remove(record) } }
        }
        return record
    }

    /// The connection to close first: of those without a pending request, the one without activity for longest; otherwise the one whose
    /// response began longest ago, such as an event stream.
    private static func mostIdle(_ records: [ConnectionRecord]) -> ConnectionRecord? {
        records.map { ($0, $0.now) }.filter { $0.1.phase != .working }.min { left, right in
            let (a, b) = (left.1, right.1)
            if (a.phase == .answering) != (b.phase == .answering) { return b.phase == .answering }
            return a.since < b.since
        }?.0
    }

    // MARK: Time limits

    /// Closes the connections that have exceeded their time limit.
    private func look() {
        reserve.refill()
        let now = NIODeadline.now()
        let records = state.withLock { Array($0.records.values) }
        let idle = records.count * 2 < limits.open ? limits.idle : limits.timeout
        for record in records { record.channel.eventLoop.execute { self.look(at: record, now, idle: idle) } }
    }

    private func look(at record: ConnectionRecord, _ now: NIODeadline, idle: TimeAmount) {
        let state = record.look(at: now)
        let timeout: TimeAmount? =
            switch state.phase {
            case .head, .body: limits.timeout
            case .working: nil
            // An event stream has nothing unsent while there are no events.
            case .answering: state.unsent > 0 ? limits.timeout : nil
            case .idle: state.unsent > 0 ? limits.timeout : idle
            }
        guard let timeout, state.since + timeout <= now else { return }
        self.state.withLock { state in
            state.facts.timedOut += 1
            state.remove(record)
        }
        record.cut()
    }

    // MARK: Exhaustion

    /// Handles a failure to accept for lack of descriptors or memory.
    /// - Returns: whether a descriptor was freed, so that accepting can be retried immediately.
    func exhausted(_ error: IOError) -> Bool {
        // A connection accepted just now may be about to send its request.
        let latest = NIODeadline.now() - .milliseconds(100)
        let idle = state.withLock { state in
            state.facts.exhausted += 1
            return Self.mostIdle(state.records.values.filter { $0.now.since < latest })
        }
        warn(
            "cannot accept a connection: raise the limit of open files (ulimit -n, LimitNOFILE)",
            ["error": "\(String(cString: strerror(error.errnoCode)))"])
        guard let idle else { return reserve.release() }
        state.withLock { state in
            state.facts.displaced += 1
            state.remove(idle)
        }
        idle.cut()
        return true
    }

    /// Logs the same message at most once per `warningInterval`.
    private func warn(_ line: Logger.Message, _ metadata: Logger.Metadata) {
        let now = NIODeadline.now()
        let isDue = state.withLock { state in
            if let last = state.lastWarning[line.description], last + Self.warningInterval > now { return false }
            state.lastWarning[line.description] = now
            return true
        }
        if isDue { logger.warning(line, metadata: metadata) }
    }
}
