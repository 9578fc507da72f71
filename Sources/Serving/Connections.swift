import Glibc
package import Logging
package import NIOCore
import Synchronization

/// The open connections of one listener: how many there may be, and how long each may take over what.
///
/// A connection above the limit is let in all the same, and the one that has been idle longest is closed for it: whoever opens many and says
/// nothing keeps nobody out. Where every connection is being answered, the new one is closed.
package final class Connections: Sendable {
    package struct Limits: Sendable {
        /// Connections open at once.
        package var open: Int
        /// For a request's head, for its body, and for the other end to take some of an answer.
        package var patience: TimeAmount = .seconds(20)
        /// For the next request on a connection, where less than half of `open` are open; else `patience` holds.
        package var idle: TimeAmount = .minutes(2)

        package init(open: Int) { self.open = open }
    }

    /// Numbers for `/metrics`; the counts are since the start.
    package struct Facts: Sendable {
        package var open = 0
        package var limit = 0
        /// Closed because they took too long.
        package var timedOut = 0
        /// Idle ones closed for new ones.
        package var displaced = 0
        /// New ones closed because all others were being answered.
        package var refused = 0
        /// How often accepting failed for want of descriptors or memory.
        package var exhausted = 0

        package init() {}
    }

    private struct State {
        var records: [ObjectIdentifier: ConnectionRecord] = [:]
        var facts = Facts()
        var lastWarning: [String: NIODeadline] = [:]
        var listener: (any Channel)?
    }

    private static let warningInterval: TimeAmount = .minutes(5)

    private let limits: Limits
    private let logger: Logger
    private let reserve = DescriptorReserve()
    private let state = Mutex(State())

    package init(_ limits: Limits, logger: Logger) {
        self.limits = limits
        self.logger = logger
    }

    package var facts: Facts {
        state.withLock { state in
            var facts = state.facts
            facts.open = state.records.count
            facts.limit = limits.open
            return facts
        }
    }

    /// Watches over a listener that has begun to listen, until it closes.
    package func watch(_ listener: any Channel) async throws {
        state.withLock { $0.listener = listener }
        try await listener.eventLoop.submit {
            try listener.pipeline.syncOperations.addHandler(AcceptGuard(self), position: .first)
            let interval: TimeAmount = .nanoseconds(self.limits.patience.nanoseconds / 5)
            let looking = listener.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in self.look() }
            listener.closeFuture.whenComplete { _ in looking.cancel() }
        }.get()
    }

    /// Listens no more; connections end when what they are at is answered.
    package func quiesce() {
        let (listener, records) = state.withLock { ($0.listener, Array($0.records.values)) }
        listener?.close(promise: nil)
        for record in records {
            switch record.now.phase {
            // What has not been asked in full is not waited for.
            case .head, .body: record.channel.close(promise: nil)
            case .working, .answering, .idle: record.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            }
        }
    }

    // MARK: Coming and going

    /// Takes a new connection up; the record of one that is refused is closed already.
    func admit(_ channel: any Channel) -> ConnectionRecord {
        let record = ConnectionRecord(channel)
        let id = ObjectIdentifier(channel)
        let (displaced, isRefused) = state.withLock { state -> (ConnectionRecord?, Bool) in
            guard state.records.count >= limits.open else {
                state.records[id] = record
                return (nil, false)
            }
            guard let displaced = Self.mostIdle(state.records.values) else {
                state.facts.refused += 1
                return (nil, true)
            }
            state.facts.displaced += 1
            state.records[ObjectIdentifier(displaced.channel)] = nil
            state.records[id] = record
            return (displaced, false)
        }
        if displaced != nil || isRefused {
            warn("all connections are in use, those idle longest are closed for new ones", ["limit": "\(limits.open)"])
        }
        displaced?.channel.close(promise: nil)
        if isRefused { channel.close(promise: nil) } else { channel.closeFuture.whenComplete { _ in self.forget(id, record) } }
        return record
    }

    private func forget(_ id: ObjectIdentifier, _ record: ConnectionRecord) {
        state.withLock { state in
            if state.records[id] === record { state.records[id] = nil }
        }
    }

    /// The one to close first: nothing is being answered on it, and nothing has happened for longest; else one whose answer has begun, as
    /// that of a stream of events, longest ago.
    private static func mostIdle(_ records: some Collection<ConnectionRecord>) -> ConnectionRecord? {
        records.lazy.map { ($0, $0.now) }.filter { $0.1.phase != .working }.min { left, right in
            let (a, b) = (left.1, right.1)
            if (a.phase == .answering) != (b.phase == .answering) { return b.phase == .answering }
            return a.since < b.since
        }?.0
    }

    // MARK: Time

    /// Closes the connections whose time is over.
    private func look() {
        reserve.refill()
        let now = NIODeadline.now()
        let records = state.withLock { Array($0.records.values) }
        let idle = records.count * 2 < limits.open ? limits.idle : limits.patience
        for record in records { record.channel.eventLoop.execute { self.look(at: record, now, idle: idle) } }
    }

    private func look(at record: ConnectionRecord, _ now: NIODeadline, idle: TimeAmount) {
        let state = record.look(at: now)
        let patience: TimeAmount? =
            switch state.phase {
            case .head, .body: limits.patience
            case .working: nil
            // A stream of events has nothing unsent while nothing happens.
            case .answering: state.unsent > 0 ? limits.patience : nil
            case .idle: state.unsent > 0 ? limits.patience : idle
            }
        guard let patience, state.since + patience <= now else { return }
        self.state.withLock { $0.facts.timedOut += 1 }
        record.channel.close(promise: nil)
    }

    // MARK: Want

    /// Accepting failed for want of something.
    /// - Returns: whether something was freed, so that it may be tried again at once.
    func exhausted(_ error: IOError) -> Bool {
        // One that has just come may be about to ask.
        let latest = NIODeadline.now() - .milliseconds(100)
        let idle = state.withLock { state in
            state.facts.exhausted += 1
            return Self.mostIdle(state.records.values.filter { $0.now.since < latest })
        }
        warn(
            "a connection can't be accepted: raise the limit of open files (ulimit -n, LimitNOFILE)",
            ["error": "\(String(cString: strerror(error.errnoCode)))"])
        guard let idle else { return reserve.release() }
        state.withLock { $0.facts.displaced += 1 }
        idle.channel.close(promise: nil)
        return true
    }

    /// One line of a kind every few minutes.
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
