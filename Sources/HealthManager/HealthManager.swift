import Concurrency
package import FoundationEssentials
package import Logging
package import Monitoring
package import Probing
import ServiceLifecycle

/// Creates probes from the plan, runs them on schedule, and caches their results.
///
/// definition -> schedule -> run -> result -> cache -> (monitors, snapshot). All mutable state is in this actor, which never waits for a
/// probe: runs are child tasks of `run()` that record their results when they end. It has its own thread, so that a busy cooperative pool
/// does not delay it.
package actor HealthManager: Service {
    /// Limits of concurrent runs.
    package struct Limits: Sendable {
        /// Maximum concurrent runs, in total and per server.
        package var overall = 1024
        package var perServer = 32
        /// How long after its cancellation a run may continue before it counts as Poisoned.
        package var grace: Duration = .seconds(2)

        package init() {}
    }

    static let poisoningsAllowed = 3

    private let thread = ThreadExecutor()
    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    package nonisolated let kinds: KindCatalog
    /// The wall clock the manager goes by.
    package nonisolated var now: Date { time.now }
    let readPlan: PlanReader
    let time: any TimeSource
    let runner: ProbeRunner
    let targets: TargetLists
    let observers: [any ResultObserver]
    let journal: any Journal
    let logger: Logger

    private(set) var plan: Plan
    var roster = Roster()
    var states: [ProbeKey: ProbeState] = [:]
    /// The probes without a result since the cache was last cleared.
    var unrun: Set<ProbeKey> = []
    var board: MonitorBoard
    var decisions: DecisionBook
    var doubt: DateDoubt
    /// The IDs of the maintenance that was in force at the last check.
    var inForce: [UUID] = []
    /// Whether a decision is being processed, and the tasks that wait for their turn.
    var isDeciding = false
    var turns: [CheckedContinuation<Void, Never>] = []
    private var facts: AgentFacts
    private(set) var schedule = Schedule()
    private var queue: RunQueue<PlannedRun>
    private var occupied: Set<PlannedRun.Slot> = []
    /// Requested runs that did not end when they were cancelled.
    private var late: [PlannedRun.Late] = []
    private var poisonings: [ProbeKey: Int] = [:]
    /// The generation of the cache: results of runs started in an earlier one are discarded.
    private var generation = 0
    var freshnessWaiters: [UUID: AsyncStream<Void>.Continuation] = [:]

    private let signals: AsyncStream<Void>
    let signal: AsyncStream<Void>.Continuation
    private var armed: Duration?

    /// Reads the plan and creates its probes and monitors.
    /// - Parameters:
    ///   - restored: the persisted state of an earlier process.
    ///   - version: the version of this agent, at which overrides may end.
    /// - Throws: `ConfigurationRefused` if the files contain an error.
    package init(
        kinds: KindCatalog, readPlan: @escaping PlanReader, configurationPath: String, time: any TimeSource,
        observers: [any ResultObserver] = [], targets: TargetLists? = nil, limits: Limits = Limits(),
        journal: any Journal = NoJournal(), restored: RestoredState = RestoredState(), version: String = "0", logger: Logger
    ) throws(ConfigurationRefused) {
        let targets = targets ?? TargetLists(time: time, logger: logger)
        self.targets = targets
        self.kinds = kinds
        self.readPlan = readPlan
        self.time = time
        self.observers = observers
        self.journal = journal
        board = MonitorBoard(restored: restored.episodes, at: time.now)
        var decisions = DecisionBook(overrides: restored.overrides, maintenance: restored.maintenance, version: version)
        doubt = DateDoubt(at: time.elapsed, time.now)
        // What has expired may only seem so because the clock is not set yet.
        _ = decisions.expire(at: time.now, time.elapsed, doubt: time.elapsed + DateDoubt.lasts)
        self.decisions = decisions
        self.logger = logger
        runner = ProbeRunner(time: time, grace: limits.grace)
        queue = RunQueue(overall: limits.overall, perServer: limits.perServer)
        let plan = try readPlan()
        self.plan = plan
        facts = AgentFacts(started: time.now, configurationPath: configurationPath)
        (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        targets.watch(plan)
        let roster = Roster(plan, kinds: kinds, at: facts.started, targets: targets, overrides: decisions.overrides)
        self.roster = roster
        facts.thresholds = plan.configuration.organization.thresholds
        facts.diagnostics = plan.warnings
        for (key, member) in roster.members {
            var state = ProbeState(key: key, definition: member.definition)
            _ = board.take(key, member.definition.monitors, at: time.elapsed, facts.started)
            state.monitors = board.statuses(of: key)
            states[key] = state
        }
        // A target list that cannot be read now may become available later.
        let listed = Set(plan.definitions.lazy.filter { $0.enabled && $0.targets != nil }.map(\.identity))
        let orphans = board.endOrphans(at: facts.started) { episode in
            episode.target != nil && listed.contains(ProbeIdentity(healthSet: episode.healthSet, name: episode.probe))
        }
        for orphan in orphans { journal.record(.episode(orphan)) }
        unrun = Set(states.keys)
        schedule.add(roster.members.map { ($0.key, $0.value.definition.every, $0.value.definition.timeout) }, at: time.elapsed)
        observers.forEach { $0.changed(.adopted(plan)) }
        for state in states.values { observers.forEach { $0.changed(.updated(state)) } }
    }

    /// Runs the schedule until the service group shuts down.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [thread] in await withTaskExecutorPreference(thread) { await self.loop() } }
    }

    private func loop() async {
        await withDiscardingTaskGroup { runs in
            signal.yield()
            for await _ in signals {
                queueDue()
                passTime()
                while let planned = queue.next() { runs.addTask { await self.perform(planned) } }
                while let late = late.popLast() { runs.addTask { await self.follow(late) } }
                guard let due = nextDue, due < armed ?? .seconds(Int64.max / 2) else { continue }
                armed = due
                runs.addTask {
                    guard (try? await self.time.sleep(until: due)) != nil else { return }
                    await self.alarmRang(due)
                }
            }
        }
    }

    private var nextDue: Duration? {
        let decision = decisions.nextChange(after: time.now).map { time.elapsed + .seconds($0.timeIntervalSince(time.now)) }
        return [schedule.nextDue, board.nextChange, decision, decisions.nextHeld].compactMap(\.self).min()
    }

    private func alarmRang(_ due: Duration) {
        if armed == due { armed = nil }
        signal.yield()
    }

    private func queueDue() {
        for (key, due) in schedule.takeDue(at: time.elapsed) {
            guard let member = roster.members[key] else { continue }
            let planned = PlannedRun(key: key, member: member, due: due, generation: generation)
            if poisonings[key, default: 0] >= Self.poisoningsAllowed {
                quarantine(planned)
            } else if !occupied.insert(planned.slot).inserted {
                facts.skipped += 1
            } else {
                queue.offer(planned, server: member.concurrencyGroup)
            }
        }
    }

    private func perform(_ planned: PlannedRun) async {
        facts.running += 1
        facts.lateness.observe(max(0, (time.elapsed - planned.due).seconds))
        let definition = planned.member.definition
        let ended = await runner.end(
            planned.member.probe, key: planned.key, kind: definition.kind, retries: definition.retries, timeout: definition.timeout)
        facts.running -= 1
        queue.finished(server: planned.member.concurrencyGroup)
        signal.yield()
        if let ended {
            record(ended.result, generation: planned.generation, definition: definition)
            if let run = ended.late {
                await follow(PlannedRun.Late(run: run, result: ended.result, generation: planned.generation, definition: definition))
            }
        }
        occupied.remove(planned.slot)
    }

    /// Waits for a late run and records it if it is Poisoned.
    private func follow(_ late: PlannedRun.Late) async {
        guard let result = await runner.poisoning(late.run, after: late.result) else { return }
        record(result, generation: late.generation, definition: late.definition)
    }

    /// Records the result of a requested run.
    func record(_ ended: ProbeRunner.Ended, generation: Int, definition: ProbeDefinition) {
        record(ended.result, generation: generation, definition: definition)
        guard let run = ended.late else { return }
        late.append(PlannedRun.Late(run: run, result: ended.result, generation: generation, definition: definition))
        signal.yield()
    }

    private func quarantine(_ planned: PlannedRun) {
        guard states[planned.key]?.latest?.type != .quarantined else { return }
        var outcome = Outcome()
        outcome.findings = [
            Finding(.unknown, stage: .config, reason: .probeQuarantined, sentence: Reason.probeQuarantined.sentence)
        ]
        record(
            ProbeResult(
                key: planned.key, kind: planned.member.definition.kind, start: time.now,
                end: time.now, duration: .zero, type: .quarantined, outcome: outcome), generation: generation,
            definition: planned.member.definition)
    }

    /// Caches a result, unless the cache was cleared or the definition replaced after the run started.
    func record(_ result: ProbeResult, generation: Int, definition: ProbeDefinition) {
        guard generation == self.generation, let index = states.index(forKey: result.key),
            states[index].value.definition.isEquivalent(to: definition)
        else { return }
        states.values[index].record(result)
        let state = states.values[index]
        unrun.remove(result.key)
        if result.type == .poisoned { poisonings[result.key, default: 0] += 1 }
        observers.forEach { $0.changed(.ran(result)) }
        journal.record(.result(state.latest ?? result))
        let changes = board.record(result, at: time.elapsed, time.now)
        if changes.isEmpty { publish(state) }
        follow(changes)
        log(result)
        wakeIfAllFresh()
    }

    var currentGeneration: Int { generation }

    // MARK: Queries

    /// The current state of all probes and of the agent, consistent at one moment.
    /// - Parameter withProbes: false leaves `probes` empty: copying and sorting them costs time if there are many.
    package func snapshot(withProbes: Bool = true) -> Snapshot {
        let now = time.now
        let elapsed = time.elapsed
        let shown = withProbes ? states.values.sorted { $0.key < $1.key } : []
        let probes = shown.map { state in
            var state = state
            state.monitors = board.statuses(of: state.key)
            state.nextRun = schedule.next(of: state.key).map { now.addingTimeInterval(($0 - elapsed).seconds) }
            return state
        }
        return Snapshot(
            taken: now, probes: probes, notDefined: roster.absences, overrides: decisions.overrides,
            maintenance: decisions.maintenance.filter { !$0.isOver(at: now) },
            servers: plan.configuration.organization.servers, agent: agentFacts().facts)
    }

    /// The agent's own facts and the number of probes, without copying the states of the probes.
    package func agentFacts() -> (facts: AgentFacts, probes: Int) {
        var facts = facts
        facts.targetLists = targets.facts
        facts.healthSets = board.tallies.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        facts.overrides = decisions.overrides.count
        facts.maintenance = decisions.inForce(at: time.now)
        facts.journal = journal.facts
        return (facts, states.count)
    }

    // MARK: Reload and restart

    /// Reads configuration and definitions again; results and decisions of unchanged definitions are kept.
    /// - Throws: `ConfigurationRefused`; the previous plan then stays in use, and the agent's facts report the errors.
    package func reload() throws(ConfigurationRefused) {
        let before = Set(states.keys)
        try adopt { $0.keepingDecisions(of: roster) }
        follow(roster)
        let (new, gone) = (states.keys.count { !before.contains($0) }, before.count { states[$0] == nil })
        logger.info("configuration reloaded", metadata: ["probes": "\(states.count)", "new": "\(new)", "gone": "\(gone)"])
    }

    /// Applies the current overrides to the definitions immediately.
    func applyOverrides() {
        roster = Roster(plan, kinds: kinds, at: time.now, targets: targets, overrides: decisions.overrides).keepingDecisions(of: roster)
        follow(roster)
    }

    /// Adds, removes and replaces probes according to a new roster; results of unchanged definitions are kept.
    func follow(_ roster: Roster) {
        let gone = states.keys.filter { roster.members[$0] == nil }
        for key in gone { forget(key) }
        // Most probes of a definition share one object: each pair of old and new definition is compared once.
        var isKept: [[ObjectIdentifier]: Bool] = [:]
        var added: [ProbeKey] = []
        var counters: [ProbeKey: RunCounts] = [:]
        for (key, member) in roster.members {
            if let older = states[key] {
                let pair = [ObjectIdentifier(older.definition), ObjectIdentifier(member.definition)]
                let stays = isKept[pair] ?? older.definition.isEquivalent(to: member.definition)
                isKept[pair] = stays
                if stays {
                    states[key]?.definition = member.definition
                    if older.definition.monitors != member.definition.monitors { monitor(key, by: member.definition) }
                    continue
                }
                counters[key] = older.runs
                forget(key)
            }
            added.append(key)
        }
        begin(added, counters)
        signal.yield()
    }

    /// Reads the configuration again, clears every cache, and runs every probe again.
    /// - Throws: `ConfigurationRefused`; the caches are then not cleared.
    package func restart() async throws(ConfigurationRefused) {
        try adopt { $0 }
        // Kinds' caches are cleared first, so that no run of the new generation uses old entries. Until then, runs belong to the old one.
        for kind in kinds.kinds { await kind.clearCaches() }
        generation += 1
        poisonings = [:]
        facts.cacheCleared = time.now
        let counters = states.mapValues(\.runs)
        for key in states.keys { forget(key) }
        schedule.removeAll()
        begin(Array(roster.members.keys), counters)
        logger.info("caches cleared", metadata: ["probes": "\(states.count)"])
        signal.yield()
    }

    private func adopt(_ merge: (Roster) -> Roster) throws(ConfigurationRefused) {
        do throws(ConfigurationRefused) {
            plan = try readPlan().keeping(plan.definitions)
        } catch {
            facts.lastReloadSucceeded = false
            facts.diagnostics = error.diagnostics
            logger.error("configuration is invalid, keeping the previous one", metadata: ["problems": "\(error.description)"])
            throw error
        }
        facts.lastReloadSucceeded = true
        facts.lastReloadSuccess = time.now
        facts.diagnostics = plan.warnings
        facts.thresholds = plan.configuration.organization.thresholds
        targets.watch(plan)
        roster = merge(Roster(plan, kinds: kinds, at: time.now, targets: targets, overrides: decisions.overrides))
        observers.forEach { $0.changed(.adopted(plan)) }
    }

    /// Creates the states of these probes of the roster and adds them to the schedule.
    func begin(_ keys: [ProbeKey], _ counters: [ProbeKey: RunCounts] = [:]) {
        var added: [(key: ProbeKey, every: Duration, timeout: Duration)] = []
        for key in keys {
            guard let definition = roster.members[key]?.definition else { continue }
            var state = ProbeState(key: key, definition: definition)
            state.runs = counters[key] ?? RunCounts()
            states[key] = state
            unrun.insert(key)
            added.append((key, definition.every, definition.timeout))
            monitor(key, by: definition)
        }
        schedule.add(added, at: time.elapsed)
        signal.yield()
    }

    func forget(_ key: ProbeKey) {
        guard states.removeValue(forKey: key) != nil else { return }
        unrun.remove(key)
        schedule.remove(key)
        if roster.members[key] == nil {
            poisonings[key] = nil
            follow(board.drop(key, at: time.now))
        } else {
            follow(board.forget(key, at: time.elapsed, time.now))
        }
        observers.forEach { $0.changed(.removed(key)) }
    }

    func publish(_ state: ProbeState) { observers.forEach { $0.changed(.updated(state)) } }

    private func log(_ result: ProbeResult) {
        let level: Logger.Level = result.type == .succeeded ? .debug : .notice
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "probe": "\(result.key.identity)", "server": "\(result.key.server)", "result": "\(result.type.name)",
            "reason": "\(result.decisive?.reason.rawValue ?? "")", "request_id": "\(result.requestID)",
        ]
        if !result.key.address.isEmpty { metadata["target_address"] = "\(result.key.address)" }
        let text = result.type == .succeeded ? "probe ran" : result.decisive?.sentence ?? result.type.name
        logger.log(level: level, "\(text)", metadata: metadata)
    }
}
