import Addresses
import Concurrency
import FoundationEssentials
package import HealthManager
package import Logging
package import Monitoring
package import Probing
package import ServiceLifecycle
import Synchronization

/// Runs responders after state changes of monitors and records every attempt, refusal and outcome in the journal.
///
/// An attempt is on disk before it is made, so that it is counted even after a crash and no action is repeated. An action refused by a
/// throttle or a maintenance is made once it is allowed, as long as the problem lasts; pending actions resume after a restart. A failed
/// action without effect is retried with growing delays, the notification of a recovery for at most a day.
///
/// Where agents share a lock file, only the one that holds it acts. It knows what the others did, and continues with that.
package final class ResponderDispatcher: ResultObserver {
    /// Maximum number of concurrent actions, overall and per responder: hanging actions of one responder do not block others.
    private static let actionsAtOnce = 1024
    private static let actionsOfOne = 8
    private static let waitingAtMost = 10_000

    private enum Signal: Sendable {
        case occurred(Responder.Trigger, Episode)
        /// An episode has ended; its waiting actions are dropped.
        case over(Episode)
        /// The episode of another agent and that of this one are the same problem.
        case continues(Episode, as: Episode)
        /// This agent begins to lead; carries what others did.
        case leads(ActionRecords)
        case standsBy
        /// A new plan or a decision, which may allow waiting actions.
        case decided
        case rang
        /// - Parameter isUndone: nil if the action was not made because the agent is shutting down.
        case acted(Order, isUndone: Bool?)
    }

    private struct Order: Sendable {
        var question: AnswerBook.Question
        var episode: Episode
        var responder: Responder
        var event: ResponderEvent
    }

    private struct State {
        var responders: [Responder] = []
        /// Episodes of an earlier process whose probes have not run yet.
        var restored: [MonitorKey: [Episode]]
        /// Episodes of other agents that led before, whose probes have not run here since.
        var foreign: [MonitorKey: [Episode]] = [:]
        var isLeading: Bool
        var waiting = 0
        var ledger = ResponderLedger()
    }

    private let acting: any ResponderActing
    private let journal: any Journal
    private let restored: RestoredState
    /// Episodes of an earlier process whose problem some responder was notified of.
    private let told: Set<UUID>
    private let leadership: Leadership?
    private let time: any TimeSource
    private let logger: Logger
    private let state: Mutex<State>
    private let signals: AsyncStream<Signal>
    private let signal: AsyncStream<Signal>.Continuation

    /// - Parameters:
    ///   - acting: carries out the actions.
    ///   - restored: the episodes and attempts of an earlier process.
    ///   - leadership: decides whether this agent acts; nil if it always does.
    package init(
        _ acting: any ResponderActing, journal: any Journal, restored: RestoredState = RestoredState(), leadership: Leadership? = nil,
        time: any TimeSource, logger: Logger
    ) {
        self.acting = acting
        self.leadership = leadership
        self.journal = journal
        self.restored = restored
        told = Set(restored.attempts.lazy.filter(\.hasToldOfTrouble).map(\.episode))
        state = Mutex(State(restored: Dictionary(grouping: restored.episodes, by: \.key), isLeading: leadership == nil))
        self.time = time
        self.logger = logger
        (signals, signal) = AsyncStream.makeStream(of: Signal.self)
    }

    /// Counts of attempts since the start and the latest of them.
    package var ledger: ResponderLedger {
        var ledger = state.withLock(\.ledger)
        ledger.leadership = leadership?.facts
        return ledger
    }

    /// The service that runs responders until graceful shutdown.
    /// - Parameter manager: asked for overrides, maintenance and the current state of monitors.
    package func service(asking manager: HealthManager) -> any Service { ResponderService(dispatcher: self, manager: manager) }

    /// Queues the actions that a change triggers; returns without waiting for them.
    package func changed(_ change: CacheChange) {
        switch change {
        case .adopted(let plan):
            state.withLock { $0.responders = plan.configuration.responders }
            signal.yield(.decided)
        case .updated(let probe): takeUp(probe)
        case .moved(let transition):
            guard let episode = transition.episode else { return }
            if transition.status.state == .degraded {
                offer(.degraded, episode)
            }
            guard episode.ended != nil else { return }
            offer(.recovered, episode)
            signal.yield(.over(episode))
        case .escalated(let episode): offer(.unhealthy, episode)
        case .decided: signal.yield(.decided)
        case .ran, .expired, .removed: break
        }
    }

    /// Queues actions that an earlier process or another agent may have left pending, once a run has shown whether the problem still exists.
    /// - Returns: the monitors of the episodes that were taken up.
    @discardableResult private func takeUp(_ probe: ProbeState) -> Set<MonitorKey> {
        guard let latest = probe.latest, MonitorSample(latest, at: .zero) != nil else { return [] }
        let (restored, foreign) = state.withLock { state in
            func take(_ episodes: inout [MonitorKey: [Episode]]) -> [(MonitorStatus, Episode)] {
                episodes.isEmpty
                    ? [] : probe.monitors.flatMap { status in (episodes.removeValue(forKey: status.key) ?? []).map { (status, $0) } }
            }
            return state.isLeading ? (take(&state.restored), take(&state.foreign)) : ([], [])
        }
        for (status, episode) in restored {
            if episode.ended != nil {
                if told.contains(episode.id) { offer(.recovered, episode) }
                signal.yield(.over(episode))
            } else if status.episode?.id == episode.id {
                offerStanding(status)
            }
        }
        for (status, episode) in foreign {
            if episode.ended == nil, let standing = status.episode {
                signal.yield(.continues(episode, as: standing))
                offerStanding(status)
            } else {
                var over = episode
                over.ended = over.ended ?? time.now
                offer(.recovered, over)
                signal.yield(.over(over))
            }
        }
        return Set((restored + foreign).lazy.filter { $1.ended == nil }.map(\.0.key))
    }

    /// Queues the actions for the state that a monitor has been in for some time.
    private func offerStanding(_ status: MonitorStatus) {
        guard let episode = status.episode else { return }
        if status.state == .degraded {
            offer(.degraded, episode)
        } else if status.state == .unhealthy, episode.escalated != nil {
            offer(.unhealthy, episode)
        }
    }

    private func offer(_ trigger: Responder.Trigger, _ episode: Episode) {
        let taken = state.withLock { state in
            guard state.isLeading, state.responders.contains(where: { $0.triggers.contains(trigger) }) else { return false }
            guard state.waiting < Self.waitingAtMost else {
                state.ledger.dropped += 1
                return false
            }
            state.waiting += 1
            return true
        }
        if taken { signal.yield(.occurred(trigger, episode)) }
    }

    /// Follows the leadership, if there is any, until the task is cancelled.
    fileprivate func follow() async { await leadership?.watch { self.change($0) } }

    fileprivate func work(asking manager: HealthManager) async {
        var book = AnswerBook(restored, at: time.elapsed, time.now)
        var queue = RunQueue<Order>(overall: Self.actionsAtOnce, perServer: Self.actionsOfOne)
        var timer = DueTimer()
        await withDiscardingTaskGroup { tasks in
            for await signal in signals {
                switch signal {
                case .occurred(let trigger, let episode):
                    // Actions that have waited longer go first.
                    await answerDue(&book, &queue, asking: manager)
                    await take(trigger, episode, &book, &queue, asking: manager)
                case .over(let episode):
                    if let leadership, book.answers[episode.id] != nil {
                        tasks.addTask { await leadership.record([ActionRecords.Line(episode: episode)]) }
                    }
                    book.forget(episode.id)
                case .continues(let earlier, let episode):
                    book.move(from: earlier.id, to: episode.id)
                    if let leadership {
                        tasks.addTask { await leadership.record([ActionRecords.Line(episode: episode, continues: earlier.id)]) }
                    }
                case .leads(let records): await lead(records, &book, &queue, asking: manager)
                case .standsBy: break
                case .decided:
                    book.retryAll()
                    await answerDue(&book, &queue, asking: manager)
                case .rang:
                    await answerDue(&book, &queue, asking: manager)
                case .acted(let order, let isUndone):
                    queue.finished(server: order.responder.name)
                    note(order, isUndone, &book)
                }
                while let order = queue.next() {
                    tasks.addTask {
                        let isUndone = await self.carryOut(order)
                        self.signal.yield(.acted(order, isUndone: isUndone))
                    }
                }
                timer.arm(
                    book.due < AnswerBook.never && state.withLock(\.isLeading) ? book.due : nil, now: time.elapsed, in: &tasks,
                    sleep: time.sleep
                ) { self.signal.yield(.rang) }
            }
        }
    }

    /// Begins to lead, or to stand by if there are no records.
    private func change(_ records: ActionRecords?) {
        state.withLock { state in
            state.isLeading = records != nil
            // Within the lock: what happens from now on is answered after the records have been learnt.
            signal.yield(records.map { .leads($0) } ?? .standsBy)
        }
    }

    /// Continues with what other agents did, and answers what has happened without an answer.
    private func lead(
        _ records: ActionRecords, _ book: inout AnswerBook, _ queue: inout RunQueue<Order>, asking manager: HealthManager
    ) async {
        let own = Set(restored.episodes.map(\.id))
        book.learn(records, knowing: restored.attempts, at: time.elapsed, time.now)
        state.withLock { $0.foreign = Dictionary(grouping: records.episodes.values.filter { !own.contains($0.id) }, by: \.key) }
        for probe in await manager.snapshot().probes {
            let taken = takeUp(probe)
            for status in probe.monitors where !taken.contains(status.key) { offerStanding(status) }
        }
        book.retryAll()
        await answerDue(&book, &queue, asking: manager)
    }

    private func take(
        _ trigger: Responder.Trigger, _ episode: Episode, _ book: inout AnswerBook, _ queue: inout RunQueue<Order>,
        asking manager: HealthManager
    ) async {
        let responders = state.withLock { state in
            state.waiting -= 1
            return state.responders
        }
        for responder in responders where responder.triggers.contains(trigger) && responder.answers(episode.key) {
            // The recovery of a monitor that never became Unhealthy is notified only to responders that were notified of the problem.
            if trigger == .recovered, episode.escalated == nil, !book.wasTold(responder.name, of: episode) { continue }
            let question = AnswerBook.Question(responder: responder.name, trigger: trigger)
            guard let due = await answer(question, episode, &book, &queue, asking: manager) else { continue }
            wait(question, episode, until: due, &book)
        }
    }

    private func wait(_ question: AnswerBook.Question, _ episode: Episode, until due: Duration, _ book: inout AnswerBook) {
        if book.waits.count < Self.waitingAtMost {
            book.wait(question, episode, until: due)
        } else {
            state.withLock { $0.ledger.dropped += 1 }
        }
    }

    private func note(_ order: Order, _ isUndone: Bool?, _ book: inout AnswerBook) {
        guard isUndone == true else { return book.done(order.question, in: order.episode.id) }
        let due = book.failed(order.question, in: order.episode.id, at: time.elapsed)
        wait(order.question, order.episode, until: due, &book)
    }

    private func answerDue(_ book: inout AnswerBook, _ queue: inout RunQueue<Order>, asking manager: HealthManager) async {
        guard book.due <= time.elapsed, state.withLock(\.isLeading) else { return }
        for (index, wait) in book.due(at: time.elapsed) {
            book.settle(index, until: await answer(wait.question, wait.episode, &book, &queue, asking: manager))
        }
        book.sweep()
    }

    /// Queues the action of a responder or, on the first try, records why it was refused.
    /// - Returns: when to try again; nil if settled.
    private func answer(
        _ question: AnswerBook.Question, _ noted: Episode, _ book: inout AnswerBook, _ queue: inout RunQueue<Order>,
        asking manager: HealthManager
    ) async -> Duration? {
        guard let configured = state.withLock({ $0.responders.first { $0.name == question.responder } }),
            configured.triggers.contains(question.trigger), configured.answers(noted.key)
        else { return nil }
        var episode = noted
        let earlier = book.answers[noted.id]?[question]
        let retry = book.retry(question, in: noted.id, at: time.elapsed)
        if let earlier, retry == nil || question.trigger != .recovered {
            let status = earlier == .refused || retry != nil ? await manager.status(of: noted) : nil
            guard let status, let standing = status.episode, question.trigger.isAbout(standing, in: status.state) else {
                book.done(question, in: noted.id, isOver: status?.episode?.id != noted.id)
                return nil
            }
            episode = standing
        }
        if let retry, retry.due > time.elapsed { return retry.due }
        let responder = await manager.overridden(configured, server: episode.server)
        let event = ResponderEvent(question.trigger, episode)
        guard let refusal = await refusal(responder, question, episode, isRepeated: retry != nil, &book, manager) else {
            book.answers[episode.id, default: [:]][question] = .begun
            queue.offer(Order(question: question, episode: episode, responder: responder, event: event), server: responder.name)
            return nil
        }
        if earlier == nil {
            book.answers[episode.id, default: [:]][question] = .refused
            note(Attempt(of: responder, on: event, .refused, at: time.now, refusal.why))
        }
        return question.trigger == .recovered && retry == nil ? nil : refusal.until
    }

    /// Why a responder may not act now; nil if it may, and the throttle has then counted the action.
    private func refusal(
        _ responder: Responder, _ question: AnswerBook.Question, _ episode: Episode, isRepeated: Bool, _ book: inout AnswerBook,
        _ manager: HealthManager
    ) async -> Throttle.Refusal? {
        guard responder.isEnabled else { return Throttle.Refusal(why: "the responder is disabled", until: AnswerBook.never) }
        // A responder notified of a problem is notified of its recovery, even during maintenance; the throttle counts the two once.
        if question.trigger == .recovered, !responder.triggers.isDisjoint(with: Responder.Trigger.ofTrouble) {
            return isRepeated || book.wasTold(responder.name, of: episode)
                ? nil : Throttle.Refusal(why: "the responder was not notified of the problem")
        }
        if let since = await manager.inactiveSince(healthSet: episode.healthSet, server: episode.server) {
            return Throttle.Refusal(why: "maintenance since \(since.formatted(.iso8601))", until: AnswerBook.never)
        }
        if episode.ended == nil, let acknowledged = episode.acknowledged {
            return Throttle.Refusal(why: "acknowledged by \(acknowledged.by)")
        }
        return book.throttle.refusal(responder, server: episode.place, at: time.elapsed)
    }

    /// - Returns: whether the action failed without effect and is to be retried; nil if the agent is shutting down.
    private func carryOut(_ order: Order) async -> Bool? {
        var attempt = Attempt(of: order.responder, on: order.event, .begun, at: time.now)
        note(attempt)
        // An unwritable journal does not prevent the action.
        try? await journal.flush()
        let mayAct = await leadership?.isConfirmed() ?? true
        guard !Task.isCancelled, mayAct else {
            // Not begun after all: the action resumes after the restart, or in the agent that now leads.
            attempt.outcome = .refused
            attempt.detail = mayAct ? "the agent is shutting down" : "the agent has lost the responder lock"
            note(attempt)
            return nil
        }
        await leadership?.record([ActionRecords.Line(episode: order.episode), .attempt(attempt)])
        let result = await acting.act(order.responder, event: order.event)
        attempt.outcome = result.succeeded ? .succeeded : .failed
        attempt.detail = result.detail
        attempt.isUndone = result.isUndone ? true : nil
        note(attempt)
        await leadership?.record([.attempt(attempt)])
        return result.isUndone
    }

    private func note(_ attempt: Attempt) {
        journal.record(.attempt(attempt))
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
                "trigger": "\(attempt.trigger)", "detail": "\(URLRedaction.sentence(attempt.detail).prefix(200))",
            ])
    }
}

private struct ResponderService: Service {
    let dispatcher: ResponderDispatcher
    let manager: HealthManager

    func run() async throws {
        await cancelWhenGracefulShutdown { [dispatcher, manager] in
            await withDiscardingTaskGroup { group in
                group.addTask { await dispatcher.follow() }
                await dispatcher.work(asking: manager)
            }
        }
    }
}
