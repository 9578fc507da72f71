import Addresses
package import Logging
package import Monitoring
package import Probing
import ServiceLifecycle
import Synchronization

/// The current targets of each definition of a target kind: its inline targets, those of its lists, and the addresses of their names.
///
/// Files are read when a plan is adopted; `keepLooking` refreshes everything periodically. A source that cannot be read keeps its last
/// valid state, also across restarts of the cache, so that losing a list never stops the probing.
package final class TargetLists: Sendable {
    private struct State {
        var watched: [ProbeIdentity: WatchedList] = [:]
        var network = NetworkSettings()
        var shard: Shard?
        /// Incremented for each plan that is in use.
        var generation = 0
        /// The definitions of the plan in use whose lists are refreshed.
        var refreshed: [ProbeDefinition] = []
    }

    /// Maximum concurrent name lookups of one definition.
    private static let lookupsAtOnce = 64

    private let world: TargetSourceProvider
    private let limit: Int
    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())
    private let changes: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation

    /// - Parameter limit: the most targets of one definition, and of one list.
    package init(
        world: TargetSourceProvider = .empty, limit: Int = TargetList.limit, time: any TimeSource, logger: Logger
    ) {
        self.limit = limit
        self.world = world
        self.time = time
        self.logger = logger
        (changes, change) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Switches to the lists of a plan: files are read immediately, everything else after `lookAnew`.
    package func watch(_ plan: Plan) {
        let definitions = plan.definitions.filter(\.enabled)
        state.withLock { state in
            var watched: [ProbeIdentity: WatchedList] = [:]
            for definition in definitions {
                guard let list = definition.targets else { continue }
                watched[definition.identity] = WatchedList(
                    definition, list, shard: plan.configuration.shard, limit: limit, after: state.watched[definition.identity])
            }
            state.watched = watched
            state.network = plan.configuration.organization.network
            state.shard = plan.configuration.shard
        }
        for definition in definitions { lookAtFiles(of: definition) }
    }

    /// Lets `keepLooking` refresh everything of the plan that is watched. Called once the plan is in use, so that what is found is taken.
    package func lookAnew() {
        state.withLock { state in
            state.generation += 1
            state.refreshed = state.watched.values.filter(\.list.changes).map(\.definition)
        }
        change.yield()
    }

    /// The current targets of a definition, without duplicates, in the order of its lists.
    package func entries(of definition: ProbeDefinition) -> [TargetEntry] {
        let (entries, shard) = state.withLock { ($0.watched[definition.identity]?.entries, $0.shard) }
        return entries ?? definition.targets.map { WatchedList(definition, $0, shard: shard, limit: limit, after: nil).entries } ?? []
    }

    /// The state of the sources of all definitions, sorted by definition and source; sources not loaded yet are absent.
    package var facts: [TargetListFact] {
        state.withLock { $0.watched.values.flatMap(\.facts) }.sorted {
            ($0.definition.folded, $0.source) < ($1.definition.folded, $1.source)
        }
    }

    /// Whether the first refresh since the plan was adopted has not completed.
    package func isPending(_ definition: ProbeDefinition) -> Bool { state.withLock { $0.watched[definition.identity]?.isPending ?? false } }

    // MARK: Refreshing

    /// Refreshes the lists of the plan in use, each at its definition's interval, until the task is cancelled.
    /// - Parameter tell: called after the first refresh of a definition, and after each that changed its targets.
    func keepLooking(_ tell: @escaping @Sendable (ProbeDefinition) async -> Void) async {
        while !Task.isCancelled {
            let (generation, definitions) = state.withLock { ($0.generation, $0.refreshed) }
            await withTaskGroup(of: Void.self) { group in
                for definition in definitions { group.addTask { await self.keepLooking(at: definition, tell) } }
                group.addTask {
                    for await _ in self.changes where self.state.withLock({ $0.generation }) != generation { return }
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

    /// Marks the first refresh of a definition as complete.
    func settle(_ definition: ProbeDefinition) { update(definition) { $0.isPending = false } }

    /// Refreshes all sources of a definition once.
    /// - Returns: whether its targets have changed.
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
                    do throws(ListUnreadable) { return known.after(try world.file(path, known.stamp), limit: limit) } catch {
                        return known.after(error)
                    }
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
            newer.parts = [known.after(try await world.url(source.place, refresh, network, known.stamp), limit: limit)]
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
        // A cancelled lookup says nothing about the name.
        guard !Task.isCancelled else { return }
        update(definition) { $0.resolved(found) }
    }

    /// Updates the state of a definition that is still in use, and logs new and resolved problems of its sources.
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
                logger.warning("target list problem: \(problem)", metadata: metadata)
            } else if fact.problem == nil, older?.problem != nil {
                logger.notice("target list is valid again", metadata: metadata)
            }
        }
    }
}

/// Service that keeps a manager's probes up to date with its target lists.
package struct TargetListWatch: Service {
    private let lists: TargetLists
    private let manager: HealthManager

    package init(_ lists: TargetLists, telling manager: HealthManager) {
        self.lists = lists
        self.manager = manager
    }

    /// Reads lists again when they are due, and hands changes to the manager, until the service group shuts down.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [lists, manager] in
            await lists.keepLooking { await manager.takeTargets(of: $0) }
        }
    }
}
