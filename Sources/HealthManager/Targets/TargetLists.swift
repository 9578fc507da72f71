import Addresses
package import Logging
import ServiceLifecycle
import Synchronization

/// What each definition of a target kind is aimed at right now: its own targets, those its lists name, and the addresses of their names.
///
/// Files are read whenever a plan is adopted; `keepLooking` looks at everything again and again. Whatever cannot be read keeps its last
/// good state, also over a restart: losing a list must never end the probing.
package final class TargetLists: Sendable {
    private struct State {
        var watched: [ProbeIdentity: WatchedList] = [:]
        var network = NetworkSettings()
        /// Counts the plans adopted.
        var life = 0
    }

    /// Look-ups under way at the same time, for one definition.
    private static let lookupsAtOnce = 64

    private let world: TargetWorld
    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())
    private let changes: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation

    package init(world: TargetWorld = .empty, time: any TimeSource, logger: Logger) {
        self.world = world
        self.time = time
        self.logger = logger
        (changes, change) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Turns to the lists of a plan: files are read at once, everything else as soon as `keepLooking` comes to it.
    package func watch(_ plan: Plan) {
        let definitions = plan.definitions.filter(\.enabled)
        state.withLock { state in
            var watched: [ProbeIdentity: WatchedList] = [:]
            for definition in definitions {
                guard let list = definition.targets else { continue }
                watched[definition.identity] = WatchedList(definition, list, after: state.watched[definition.identity])
            }
            state.watched = watched
            state.network = plan.configuration.network
            state.life += 1
        }
        for definition in definitions { lookAtFiles(of: definition) }
        change.yield()
    }

    /// The probes that a definition asks for now, each once, in the order of its lists.
    package func entries(of definition: ProbeDefinition) -> [TargetEntry] {
        state.withLock { $0.watched[definition.identity]?.entries }
            ?? definition.targets.map { WatchedList(definition, $0, after: nil).entries } ?? []
    }

    /// How the sources of all definitions are, those never looked at aside.
    package var facts: [TargetListFact] {
        state.withLock { $0.watched.values.flatMap(\.facts) }.sorted {
            ($0.definition.folded, $0.source) < ($1.definition.folded, $1.source)
        }
    }

    /// Whether the first look since the plan was adopted is still to come back.
    package func isPending(_ definition: ProbeDefinition) -> Bool { state.withLock { $0.watched[definition.identity]?.isPending ?? false } }

    // MARK: Looking

    /// Looks at the lists of the plan in force, each as often as its definition says, until the task is cancelled.
    /// - Parameter tell: called after each look that changed anything, and after the first.
    func keepLooking(_ tell: @escaping @Sendable (ProbeDefinition) async -> Void) async {
        while !Task.isCancelled {
            let (life, definitions) = state.withLock { ($0.life, $0.watched.values.filter(\.list.changes).map(\.definition)) }
            await withTaskGroup(of: Void.self) { group in
                for definition in definitions { group.addTask { await self.keepLooking(at: definition, tell) } }
                group.addTask {
                    for await _ in self.changes where self.state.withLock({ $0.life }) != life { return }
                }
                await group.next()
                group.cancelAll()
            }
        }
    }

    private func keepLooking(at definition: ProbeDefinition, _ tell: @Sendable (ProbeDefinition) async -> Void) async {
        var isFirst = true
        while true {
            let next = time.elapsed + (definition.targets?.refresh ?? TargetList.defaultRefresh)
            let hasChanged = await look(at: definition)
            guard !Task.isCancelled else { return }
            if hasChanged || isFirst { await tell(definition) }
            isFirst = false
            guard (try? await time.sleep(until: next)) != nil else { return }
        }
    }

    /// What the first look has brought is taken: nobody has to wait for more.
    func settle(_ definition: ProbeDefinition) { update(definition) { $0.isPending = false } }

    /// Looks at all of a definition's sources once.
    /// - Returns: whether it asks for other probes than before.
    func look(at definition: ProbeDefinition) async -> Bool {
        guard let list = definition.targets else { return false }
        let before = entries(of: definition)
        lookAtFiles(of: definition)
        await withTaskGroup(of: Void.self) { group in
            for source in list.sources where source.kind == .url {
                group.addTask { await self.fetch(source, of: definition) }
            }
        }
        if list.everyAddress { await resolve(definition) }
        guard !Task.isCancelled else { return false }
        return entries(of: definition) != before
    }

    private func lookAtFiles(of definition: ProbeDefinition) {
        for source in definition.targets?.sources ?? [] where source.kind == .files {
            let older = state.withLock { $0.watched[definition.identity]?.sources[source] }
            let paths = world.files(source.place)
            var newer = older ?? WatchedList.SourceState()
            newer.problem = paths.isEmpty ? "no file matches \(source.place)" : nil
            if !paths.isEmpty {
                newer.parts = paths.map { path in
                    let known = older?.parts.first { $0.place == path } ?? WatchedList.Part(place: path)
                    do throws(ListUnreadable) { return known.after(try world.file(path, known.stamp)) } catch { return known.after(error) }
                }
            }
            update(definition) { $0.sources[source] = newer }
        }
    }

    private func fetch(_ source: TargetList.Source, of definition: ProbeDefinition) async {
        let (older, network) = state.withLock { ($0.watched[definition.identity]?.sources[source], $0.network) }
        let known = older?.parts.first ?? WatchedList.Part(place: source.text)
        let refresh = definition.targets?.refresh ?? TargetList.defaultRefresh
        var newer = WatchedList.SourceState()
        do throws(ListUnreadable) {
            newer.parts = [known.after(try await world.url(source.place, refresh, network, known.stamp))]
        } catch { newer.parts = [known.after(error)] }
        guard !Task.isCancelled else { return }
        update(definition) { $0.sources[source] = newer }
    }

    private func resolve(_ definition: ProbeDefinition) async {
        let names = state.withLock { $0.watched[definition.identity]?.names } ?? []
        var found: [String: [NetworkAddress]] = [:]
        await withTaskGroup(of: (String, [NetworkAddress]).self) { group in
            var rest = names.makeIterator()
            func begin() {
                guard let name = rest.next() else { return }
                group.addTask { [world] in (name, await world.addresses(name)) }
            }
            for _ in 0..<Self.lookupsAtOnce { begin() }
            for await (name, addresses) in group {
                found[name] = addresses
                if !Task.isCancelled { begin() }
            }
        }
        // A look-up that was cut short says nothing of its name.
        guard !Task.isCancelled else { return }
        update(definition) { $0.resolved(found) }
    }

    /// Changes what is known of a definition that is still in force, and tells the log what has become of its sources.
    private func update(_ definition: ProbeDefinition, _ change: (inout WatchedList) -> Void) {
        let (before, after): ([TargetListFact], [TargetListFact]) = state.withLock { state in
            guard var watched = state.watched[definition.identity], watched.definition === definition else { return ([], []) }
            let before = watched.facts
            change(&watched)
            watched.settle()
            state.watched[definition.identity] = watched
            return (before, watched.facts)
        }
        for fact in after {
            let older = before.first { $0.source == fact.source }
            let metadata: Logger.Metadata = ["probe": "\(fact.definition)", "source": "\(fact.source)"]
            if let problem = fact.problem, problem != older?.problem {
                logger.warning("a list of targets is not taken as it is: \(problem)", metadata: metadata)
            } else if fact.problem == nil, older?.problem != nil {
                logger.notice("a list of targets is good again", metadata: metadata)
            }
        }
    }
}

/// Keeps a manager's targets as their lists say, for as long as the agent runs.
package struct TargetListWatch: Service {
    private let lists: TargetLists
    private let manager: HealthManager

    package init(_ lists: TargetLists, telling manager: HealthManager) {
        self.lists = lists
        self.manager = manager
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown { [lists, manager] in
            await lists.keepLooking { await manager.takeTargets(of: $0) }
        }
    }
}
