import FoundationEssentials
package import Logging
package import ServiceLifecycle
import Synchronization

/// Does what a responder asks for. It never throws; what went wrong is the detail.
package protocol ResponderActing: Sendable {
    func act(_ responder: Responder, event: ResponderEvent) async -> (succeeded: Bool, detail: String)
}

/// Lets responders follow changes of monitors, outside the manager: each attempt, refusal and outcome is kept.
///
/// An attempt is on disk before it is made, so that a process that dies has counted it: nothing is done twice, and what waited is not done.
package final class ResponderDesk: ResultObserver {
    /// Actions under way at the same time, in all and of one responder.
    private static let actionsAtOnce = 16
    private static let actionsOfOne = 8
    private static let waitingAtMost = 10_000

    private enum Signal: Sendable {
        case occurred(Responder.Trigger, Episode)
        case acted(responder: String)
    }

    /// An episode that a responder has acted on.
    private struct Answered: Hashable {
        var responder: String
        var episode: UUID
    }

    private struct Order: Sendable {
        var responder: Responder
        var event: ResponderEvent
    }

    private struct State {
        var responders: [Responder] = []
        var waiting = 0
        var ledger = ResponderLedger()
    }

    private let acting: any ResponderActing
    private let journal: any Journal
    private let carried: [Attempt]
    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())
    private let signals: AsyncStream<Signal>
    private let signal: AsyncStream<Signal>.Continuation

    /// - Parameter carried: attempts of an earlier process.
    package init(_ acting: any ResponderActing, journal: any Journal, carried: [Attempt] = [], time: any TimeSource, logger: Logger) {
        self.acting = acting
        self.journal = journal
        self.carried = carried
        self.time = time
        self.logger = logger
        (signals, signal) = AsyncStream.makeStream(of: Signal.self)
    }

    package var ledger: ResponderLedger { state.withLock(\.ledger) }

    /// Answers until the service group shuts down; the manager says what is overridden and what is silent.
    package func service(asking manager: HealthManager) -> any Service { ResponderService(desk: self, manager: manager) }

    package func changed(_ change: CacheChange) {
        switch change {
        case .adopted(let plan): state.withLock { $0.responders = plan.configuration.responders }
        case .moved(let transition):
            guard let episode = transition.episode else { return }
            if transition.status.state == .degraded {
                offer(.degraded, episode)
            } else if transition.status.state == .healthy, episode.ended != nil, episode.escalated != nil {
                offer(.recovered, episode)
            }
        case .escalated(let episode): offer(.unhealthy, episode)
        case .updated, .ran, .decided, .removed: break
        }
    }

    private func offer(_ trigger: Responder.Trigger, _ episode: Episode) {
        let taken = state.withLock { state in
            guard state.responders.contains(where: { $0.triggers.contains(trigger) }) else { return false }
            guard state.waiting < Self.waitingAtMost else {
                state.ledger.dropped += 1
                return false
            }
            state.waiting += 1
            return true
        }
        if taken { signal.yield(.occurred(trigger, episode)) }
    }

    fileprivate func work(asking manager: HealthManager) async {
        var throttle = Throttle(carried, at: time.elapsed, time.now)
        var answered = Set(
            carried.filter { $0.outcome != .refused && $0.trigger == Responder.Trigger.unhealthy.rawValue }
                .map { Answered(responder: $0.responder, episode: $0.episode) })
        var queue = RunQueue<Order>(overall: Self.actionsAtOnce, perServer: Self.actionsOfOne)
        await withDiscardingTaskGroup { actions in
            for await signal in signals {
                switch signal {
                case .occurred(let trigger, let episode):
                    let responders = state.withLock { state in
                        state.waiting -= 1
                        return state.responders
                    }
                    for responder in responders where responder.triggers.contains(trigger) && responder.answers(episode.key) {
                        let responder = await manager.overridden(responder, server: episode.server)
                        let event = ResponderEvent(trigger, episode)
                        if let why = await refusal(responder, trigger, episode, &throttle, &answered, manager) {
                            note(attempt(responder, event, .refused, why))
                        } else {
                            queue.offer(Order(responder: responder, event: event), server: responder.name)
                        }
                    }
                case .acted(let responder): queue.finished(server: responder)
                }
                while let order = queue.next() {
                    actions.addTask {
                        await self.carryOut(order)
                        self.signal.yield(.acted(responder: order.responder.name))
                    }
                }
            }
        }
    }

    /// Why a responder may not act now, in a clause; nil when it may, and the throttle has then counted it.
    private func refusal(
        _ responder: Responder, _ trigger: Responder.Trigger, _ episode: Episode, _ throttle: inout Throttle,
        _ answered: inout Set<Answered>, _ manager: HealthManager
    ) async -> String? {
        guard responder.isEnabled else { return "the responder is disabled" }
        if let since = await manager.inactiveSince(healthSet: episode.healthSet, server: episode.server) {
            return "maintenance since \(since.formatted(.iso8601))"
        }
        if episode.ended == nil, let acknowledged = episode.acknowledged { return "acknowledged by \(acknowledged.by)" }
        // What was told of the trouble is told of its end: the throttle has counted the two once.
        if trigger == .recovered, responder.triggers.contains(.unhealthy) {
            let wasTold = answered.remove(Answered(responder: responder.name, episode: episode.id)) != nil
            return wasTold ? nil : "its trouble was not told"
        }
        if let why = throttle.refusal(responder, server: episode.place, at: time.elapsed) { return why }
        if trigger == .unhealthy { answered.insert(Answered(responder: responder.name, episode: episode.id)) }
        return nil
    }

    private func carryOut(_ order: Order) async {
        var attempt = attempt(order.responder, order.event, .begun, "")
        note(attempt)
        // A journal that is broken keeps nobody from acting.
        try? await journal.settle()
        let (succeeded, detail) = await acting.act(order.responder, event: order.event)
        attempt.outcome = succeeded ? .succeeded : .failed
        attempt.detail = detail
        note(attempt)
    }

    private func attempt(
        _ responder: Responder, _ event: ResponderEvent, _ outcome: Attempt.Outcome, _ detail: String
    ) -> Attempt {
        Attempt(
            responder: responder.name, monitor: event.monitor, server: event.server.isEmpty ? event.target ?? "" : event.server,
            episode: event.episode, trigger: event.trigger,
            at: time.now, outcome: outcome, detail: detail)
    }

    private func note(_ attempt: Attempt) {
        journal.note(.attempt(attempt))
        state.withLock { $0.ledger.note(attempt) }
        let level: Logger.Level =
            switch attempt.outcome {
            case .begun: .debug
            case .succeeded, .refused: .notice
            case .failed: .warning
            }
        logger.log(
            level: level, "responder \(attempt.outcome.rawValue)",
            metadata: [
                "responder": "\(attempt.responder)", "monitor": "\(attempt.monitor)", "server": "\(attempt.server)",
                "trigger": "\(attempt.trigger)", "detail": "\(attempt.detail.prefix(200))",
            ])
    }
}

private struct ResponderService: Service {
    let desk: ResponderDesk
    let manager: HealthManager

    func run() async throws {
        await cancelWhenGracefulShutdown { [desk, manager] in await desk.work(asking: manager) }
    }
}
