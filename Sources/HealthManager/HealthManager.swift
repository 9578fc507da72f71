import Concurrency
package import FoundationEssentials
import Logging
package import Monitoring
package import Probing
import ServiceLifecycle

/// Creates probes from the plan, runs them on schedule, and caches their results.
///
/// definition -> roster -> schedule -> run -> result -> cache -> changes. All mutable state is in this actor, which never waits for a probe, a
/// file or a disk: runs are child tasks of `run()` that record their results when they end, and plans are read by those who bring them. It
/// has its own thread, so that a busy cooperative pool does not delay it.
///
/// Every change of the cache and of decisions is published once, in order: first to the journal, then to each observer. So whoever flushes the
/// journal before it tells others what it observed has told nothing that a crash could undo.
package actor HealthManager: Service {
    private let thread = ThreadExecutor("health-manager")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    nonisolated let services: ManagerServices
    /// The wall clock the manager goes by.
    package nonisolated var now: Date { services.time.now }
    package nonisolated var prober: OnDemandProber { services.prober }
    private nonisolated var time: any TimeSource { services.time }
    private let observers: [any ResultObserver]

    private var plan: Plan
    private var roster = Roster()
    private var cache: ProbeCache
    private var scheduler: RunScheduler
    private var decisions: DecisionBook
    private var doubt: DateDoubt
    /// The IDs of the maintenance that was in force at the last check.
    private var inForce: [UUID] = []
    private var facts: AgentFacts
    /// Requested runs that did not end when they were cancelled.
    private var late: [PlannedRun.Late] = []
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// Reads the plan and creates its probes and monitors.
    /// - Parameters:
    ///   - observers: told of every change, in this order.
    ///   - restored: the persisted state of an earlier process.
    /// - Throws: `ConfigurationRefused` if the files contain an error.
    package init(
        _ services: ManagerServices, observers: [any ResultObserver] = [], restored: RestoredState = RestoredState(),
        limits: RunLimits = RunLimits()
    ) throws(ConfigurationRefused) {
        let moment = services.time.moment
        self.services = services
        self.observers = [services.prober] + observers + [ChangeLog(logger: services.logger)]
        cache = ProbeCache(restored: restored.episodes, at: moment.date)
        decisions = DecisionBook(overrides: restored.overrides, maintenance: restored.maintenance, version: services.version)
        doubt = DateDoubt(at: moment.elapsed, moment.date)
        // What has expired may only seem so because the clock is not set yet.
        _ = decisions.expire(at: moment.date, moment.elapsed, doubt: moment.elapsed + DateDoubt.lasts)
        scheduler = RunScheduler(limits)
        plan = try services.readPlan()
        facts = AgentFacts(started: moment.date, configurationPath: services.configurationPath)
        facts.use(plan)
        (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        services.targets.watch(plan)
        services.targets.lookAnew()
        roster = Roster(plan, at: moment.date, targets: services.targets, overrides: decisions.overrides)
        var changes: [CacheChange] = [.adopted(plan)]
        for (key, member) in roster.members { changes += cache.begin(key, member.definition, runs: RunCounts(), at: moment) }
        // A target list that cannot be read now may become available later.
        let listed = Set(plan.definitions.lazy.filter { $0.enabled && $0.targets != nil }.map(\.identity))
        let orphans = cache.endOrphans(at: moment.date) { episode in
            episode.target != nil && listed.contains(ProbeIdentity(healthSet: episode.healthSet, name: episode.probe))
        }
        for orphan in orphans { services.journal.record(.episode(orphan)) }
        scheduler.add(roster.members.mapValues(\.definition), at: moment.elapsed)
        for change in changes { for observer in self.observers { observer.changed(change) } }
    }

    // MARK: Running

    /// Runs the schedule until the service group shuts down.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [thread] in await withTaskExecutorPreference(thread) { await self.loop() } }
    }

    private func loop() async {
        await withDiscardingTaskGroup { runs in
            var timer = DueTimer()
            signal.yield()
            for await _ in signals {
                for planned in scheduler.queueDue(at: time.elapsed, roster.members) { quarantine(planned) }
                passTime()
                while let planned = scheduler.next(at: time.elapsed) { runs.addTask { await self.perform(planned) } }
                while let late = late.popLast() { runs.addTask { await self.follow(late) } }
                timer.arm(nextDue, now: time.elapsed, in: &runs, sleep: time.sleep) { self.signal.yield() }
            }
        }
    }

    private var nextDue: Duration? {
        let decision = decisions.nextChange(after: time.now).map { time.elapsed + .seconds($0.timeIntervalSince(time.now)) }
        return [scheduler.nextDue, cache.nextChange, decision, decisions.nextHeld].compactMap(\.self).min()
    }

    private func perform(_ planned: PlannedRun) async {
        facts.running += 1
        facts.lateness.observe(max(0, (time.elapsed - planned.due).seconds))
        let definition = planned.member.definition
        let ended = await services.runner.end(
            planned.member.probe, key: planned.key, kind: definition.kind.name, retries: definition.retries, timeout: definition.timeout,
            planned: planned)
        facts.running -= 1
        scheduler.ended(planned)
        signal.yield()
        if let ended {
            record(ended.result, generation: planned.generation, definition: definition)
            if let run = ended.late {
                await follow(PlannedRun.Late(run: run, result: ended.result, generation: planned.generation, definition: definition))
            }
        }
        scheduler.freed(planned)
    }

    /// Waits for a late run and records it if it is Poisoned.
    private func follow(_ late: PlannedRun.Late) async {
        guard let result = await services.runner.poisoning(late.run, after: late.result) else { return }
        record(result, generation: late.generation, definition: late.definition)
    }

    /// Records the result of a requested run.
    /// - Parameter generation: that of the `state` in which the run began.
    func record(_ ended: ProbeRunner.Ended, generation: Int, definition: ProbeDefinition) {
        record(ended.result, generation: generation, definition: definition)
        guard let run = ended.late else { return }
        late.append(PlannedRun.Late(run: run, result: ended.result, generation: generation, definition: definition))
        signal.yield()
    }

    private func quarantine(_ planned: PlannedRun) {
        guard cache[planned.key]?.latest?.type != .quarantined else { return }
        record(planned.quarantined(at: time.now), generation: planned.generation, definition: planned.member.definition)
    }

    /// Caches a result, unless the cache was cleared or the definition replaced after the run started.
    private func record(_ result: ProbeResult, generation: Int, definition: ProbeDefinition) {
        guard generation == scheduler.generation else { return }
        let changes = cache.record(result, of: definition, at: time.moment)
        guard !changes.isEmpty else { return }
        facts.ran(result)
        if result.type == .poisoned { scheduler.poisoned(result.key) }
        publish(changes)
    }

    /// Applies what is due without a new result: state changes, and decisions that start or expire.
    private func passTime() {
        let moment = time.moment
        publish(cache.advance(to: moment))
        let over = decisions.expire(at: moment.date, moment.elapsed, doubt: doubt.look(at: moment.elapsed, moment.date))
        if !over.overrides.isEmpty || !over.maintenance.isEmpty {
            publish([.expired(overrides: over.overrides, maintenance: over.maintenance, at: moment.date)])
        }
        if over.isChanged || decisions.inForce(at: moment.date).map(\.id) != inForce {
            services.logger.notice("overrides or maintenance started or expired")
            followDecisions()
        }
        publish(cache.escalate(decisions, at: moment))
    }

    // MARK: Publishing

    private func publish(_ changes: [CacheChange]) {
        guard !changes.isEmpty else { return }
        var isMoved = false
        for change in changes {
            for entry in change.entries { services.journal.record(entry) }
            for observer in observers { observer.changed(change) }
            if case .moved = change { isMoved = true }
        }
        guard isMoved else { return }
        publish(cache.escalate(decisions, at: time.moment))
        signal.yield()
    }

    // MARK: Queries

    /// Everything that is shown, consistent at one moment.
    /// - Parameter withProbes: false leaves `probes` empty: copying and sorting them costs time if there are many.
    package func snapshot(withProbes: Bool = true) -> Snapshot {
        let moment = time.moment
        func nextRun(_ key: ProbeKey) -> Date? { scheduler.next(of: key).map { moment.date + ($0 - moment.elapsed).seconds } }
        return Snapshot(
            taken: moment.date, probes: withProbes ? cache.all(nextRun: nextRun) : [], notDefined: roster.absences,
            overrides: decisions.overrides,
            maintenance: decisions.maintenance.filter { !$0.isOver(at: moment.date) },
            servers: plan.configuration.organization.servers, onDemand: services.prober.recent, agent: agentFacts().facts)
    }

    /// The agent's own facts and the number of probes, without copying the states of the probes.
    package func agentFacts() -> (facts: AgentFacts, probes: Int) {
        var facts = facts
        (facts.skipped, facts.overdue) = (scheduler.skipped, max(.zero, time.elapsed - (scheduler.nextDue ?? time.elapsed)))
        facts.targetLists = services.targets.facts
        facts.healthSets = cache.tallies
        facts.use(decisions, of: plan, at: time.now)
        (facts.acknowledged, facts.flapping) = (cache.acknowledged, cache.flapping)
        facts.journal = services.journal.facts
        facts.unknownModules = services.prober.unknownModules
        facts.unusableModules = services.prober.unusableModules
        return (facts, cache.count)
    }

    /// What requested runs, forecasts and changes are based on, consistent at one moment.
    var state: ManagerState {
        ManagerState(plan: plan, roster: roster, decisions: decisions, generation: scheduler.generation, services: services)
    }

    /// The statuses of all monitors, in no order.
    var statuses: [MonitorStatus] { cache.statuses }

    /// All alerts of escalated episodes: the firing ones, and those resolved in the last 15 minutes.
    package func alerts() -> [Alert] { cache.alerts(decisions, at: time.now) }

    /// The status of the monitor whose open episode this is; nil if the episode has ended.
    package func status(of episode: Episode) -> MonitorStatus? { cache.status(of: episode) }

    /// The responder with the overrides for one server applied.
    package func overridden(_ responder: Responder, server: String) -> Responder {
        responder.overridden(by: decisions.overrides, server: server)
    }

    /// When the maintenance that silences a health set on a server started; nil if none is in force.
    package func inactiveSince(healthSet: String, server: String) -> Date? { decisions.inactive(healthSet, server: server, at: time.now) }

    // MARK: Changes

    /// Uses a plan from now on, whose target lists are watched already. Probes follow by `followRoster` or `clear`.
    /// - Parameter keepsAbsences: whether unchanged definitions stay defined, or not defined, as they are.
    func adopt(_ plan: Plan, keepsAbsences: Bool) {
        self.plan = plan
        facts.use(plan)
        facts.lastReloadSucceeded = true
        facts.lastReloadSuccess = time.now
        let new = Roster(plan, at: time.now, targets: services.targets, overrides: decisions.overrides)
        roster = keepsAbsences ? new.keepingDecisions(of: roster) : new
        publish([.adopted(plan)])
        services.targets.lookAnew()
    }

    /// Reports that a plan could not be read; the one in use stays.
    func refuse(_ error: ConfigurationRefused) {
        facts.lastReloadSucceeded = false
        facts.diagnostics = error.diagnostics
    }

    /// Adds, removes and replaces probes according to the roster; results of unchanged definitions are kept.
    /// - Returns: the number of probes there are, and those added and removed.
    @discardableResult func followRoster() -> (all: Int, added: Int, removed: Int) {
        let difference = cache.difference(to: roster)
        for key in difference.removed { forget(key) }
        for (key, definition) in difference.redefined { publish(cache.redefine(key, by: definition, at: time.moment)) }
        for key in difference.replaced.keys { forget(key) }
        begin(difference.replaced.merging(difference.added.map { ($0, RunCounts()) }) { kept, _ in kept })
        return (roster.members.count, difference.added.count, difference.removed.count)
    }

    /// Discards all results, but no episodes, and runs all probes again. Runs that began before are ignored. Returns the number of probes.
    @discardableResult func clear() -> Int {
        let counts = cache.runs
        scheduler.clear()
        facts.cacheCleared = time.now
        for key in counts.keys { forget(key) }
        begin(roster.members.reduce(into: [:]) { $0[$1.key] = counts[$1.key] ?? RunCounts() })
        return roster.members.count
    }

    /// Applies a change of the decisions that is on disk.
    func decide(_ change: @Sendable (inout DecisionBook) -> Void) {
        change(&decisions)
        followDecisions()
        publish(cache.escalate(decisions, at: time.moment))
        signal.yield()
    }

    /// Acknowledges an open episode as the given one is.
    /// - Returns: the episode as it is now; nil if it has ended meanwhile.
    func acknowledge(_ episode: Episode) -> Episode? {
        let (changes, now) = cache.acknowledge(episode, at: time.moment)
        publish(changes)
        return now
    }

    private func followDecisions() {
        inForce = decisions.inForce(at: time.now).map(\.id)
        roster = Roster(plan, at: time.now, targets: services.targets, overrides: decisions.overrides).keepingDecisions(of: roster)
        followRoster()
        publish([.decided])
    }

    /// Updates a definition's probes to its current target lists: new probes are scheduled like first runs, existing ones keep their
    /// results and schedule, and removed ones lose their series. Ignored if the definition is no longer in the plan.
    package func takeTargets(of definition: ProbeDefinition) {
        guard plan.definitions.contains(where: { $0 === definition }) else { return }
        let change = roster.retarget(definition, at: services.targets.entries(of: definition), plan: plan, date: time.now)
        for key in change.removed { forget(key) }
        begin(change.added.reduce(into: [:]) { $0[$1] = RunCounts() })
        services.targets.settle(definition)
        if !change.isEmpty {
            services.logger.info(
                "targets changed",
                metadata: [
                    "probe": "\(definition.identity)", "new": "\(change.added.count)", "gone": "\(change.removed.count)",
                    "targets": "\(roster.keys(of: definition).count)",
                ])
        }
    }

    /// Creates the states of these probes of the roster, with the counts of their earlier runs, and schedules them.
    private func begin(_ counts: [ProbeKey: RunCounts]) {
        let added = counts.keys.reduce(into: [:]) { $0[$1] = roster.members[$1]?.definition }
        for (key, definition) in added { publish(cache.begin(key, definition, runs: counts[key] ?? RunCounts(), at: time.moment)) }
        services.runner.abandon { $0.generation != scheduler.generation || roster.members[$0.key] == nil }
        scheduler.add(added, at: time.elapsed)
        signal.yield()
    }

    private func forget(_ key: ProbeKey) {
        let isGone = roster.members[key] == nil
        scheduler.remove(key, isGone: isGone)
        publish(cache.remove(key, isGone: isGone, at: time.moment))
    }

    // MARK: Freshness

    /// How often is looked whether every probe has run.
    private static let freshnessInterval: Duration = .milliseconds(100)

    /// Waits until every probe has run since the cache was last cleared.
    /// - Returns: the probes that still have no result after `limit`, sorted; empty when all have one.
    package func awaitFreshResults(within limit: Duration) async -> [ProbeKey] {
        let end = time.elapsed + limit
        while !unfresh.isEmpty, time.elapsed < end {
            guard (try? await time.sleep(until: min(end, time.elapsed + Self.freshnessInterval))) != nil else { break }
        }
        return unfresh.sorted()
    }

    /// The probes without a result, and the definitions whose target lists may still add some.
    private var unfresh: Set<ProbeKey> {
        cache.unrun.union(plan.definitions.filter(services.targets.isPending).map { ProbeKey(identity: $0.identity, site: .organization) })
    }
}
