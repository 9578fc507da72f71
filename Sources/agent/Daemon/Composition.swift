import Escalation
import FoundationEssentials
import Glibc
import HealthManager
import History
import Logging
import ProbeFiles
import ProbeKinds
import ServiceLifecycle
import Serving
import StatusServer
import TargetKinds
import Transfers
import UnixSignals

/// The one place where the rooms are put together.
enum Composition {
    /// The kinds with all they need. Without a state directory nothing is remembered.
    static func kinds(transfers: Transfers, stateDirectory: String?, ownsState: Bool, logger: Logger) -> KindCatalog {
        let sightings = Sightings(directory: stateDirectory ?? "/nonexistent", isWritable: ownsState, logger: logger)
        let userAgent = "agent/\(Version.current)"
        let organization = ShippedKinds.all(
            KindServices(transfers: transfers, sightings: sightings, userAgent: userAgent))
        return KindCatalog(organization + TargetKinds.all(TargetServices(transfers: transfers, userAgent: userAgent)))
    }

    /// - Throws: exit status 2 with one sentence where the system gives too little.
    static func transfers() throws -> Transfers {
        do throws(StateDirectory.Unusable) { try DescriptorLimit.check() } catch {
            throw Console.failure(error.description)
        }
        do throws(SystemRefusal) { return try Transfers.open() } catch { throw Console.failure(error.description) }
    }

    /// A health manager that runs probes on demand, in this process, without a schedule.
    static func inProcess(_ files: PlanFiles, transfers: Transfers, logger: Logger) throws -> HealthManager {
        let stateDirectory = try? files.daemonSettings().stateDirectory
        let kinds = kinds(transfers: transfers, stateDirectory: stateDirectory, ownsState: false, logger: logger)
        return try HealthManager(
            kinds: kinds, readPlan: { () throws(ConfigurationRefused) in try files.read(kinds: kinds) },
            configurationPath: files.configurationPath,
            time: SystemTime(),
            targets: TargetLists(world: TargetSources(transfers).world, time: SystemTime(), logger: logger), logger: logger)
    }

    /// The whole daemon. `isServing` is told the manager and the network address once it listens.
    static func run(
        _ files: PlanFiles, logger: Logger, isServing: @escaping @Sendable (HealthManager, String) async -> Void = { _, _ in },
        beside: [any Service] = []
    ) async throws {
        let budget = try DescriptorBudget.raised()
        // Until a socket has its mode, nobody else may write to it.
        umask(umask(0o077) | 0o022)
        let transfers = try Self.transfers()
        let checking = kinds(transfers: transfers, stateDirectory: nil, ownsState: false, logger: logger)
        let configuration = try files.read(kinds: checking).configuration
        let state = try StateDirectory(configuration.daemon.stateDirectory)
        // The lock is held: in the directory itself a socket can only be left over. Elsewhere it may be another agent's.
        try ControlSocketPath.claim(configuration.daemon.controlSocketPath, remedy: "set 'controlSocket.path' to another one")
        let kinds = kinds(transfers: transfers, stateDirectory: state.path, ownsState: true, logger: logger)
        let metrics = MetricsPage()
        let desk = ProbeDesk(time: SystemTime(), mostRunning: budget.runs)
        let events = EventFeed(time: SystemTime())
        let targets = TargetLists(world: TargetSources(transfers).world, time: SystemTime(), logger: logger)
        let history = HistoryStore(directory: state.path, settings: configuration.history, time: SystemTime(), logger: logger)
        let carried = history.restore()
        let wayOut = WayOut(transfers, userAgent: "agent/\(Version.current)")
        let alerts = AlertSender(wayOut, journal: history, time: SystemTime(), logger: logger)
        let responders = ResponderDesk(
            Responding(wayOut, time: SystemTime()), journal: history, carried: carried, time: SystemTime(), logger: logger)
        var limits = HealthManager.Limits()
        limits.overall = min(limits.overall, budget.runs)
        let manager = try HealthManager(
            kinds: kinds, readPlan: { () throws(ConfigurationRefused) in try files.read(kinds: kinds) },
            configurationPath: files.configurationPath, time: SystemTime(), observers: [metrics, desk, events, responders, alerts],
            targets: targets, limits: limits, journal: history, carried: carried,
            version: Version.current, logger: logger)
        if let ignored = ignoredProxyVariable(configuration) { logger.notice("\(ignored)") }
        let build = BuildInformation(version: Version.current, revision: "unknown", swiftVersion: Version.swift)
        let server = try StatusServer(
            settings: configuration.daemon, health: manager, desk: desk, metrics: metrics, events: events,
            responses: { ResponseFacts(responders: responders.ledger, alertmanagers: alerts.ledgers) }, build: build, budget: budget,
            logger: logger)
        let listeners = server.services { address in
            logger.info("listening", metadata: ["address": "\(address)", "control_socket": "\(configuration.daemon.controlSocketPath)"])
            await isServing(manager, address)
        }
        let services =
            // History ends last: what the others note at their end is written.
            [
                history, manager, TargetListWatch(targets, telling: manager), responders.service(asking: manager),
                alerts.service { await manager.alerts() },
            ] as [any Service] + listeners + [
                // Before the listeners end: they wait for the streams of events.
                events, ReloadOnHangup(manager: manager), MemoryReturn(),
            ]
            + beside
        var group = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger))
        group.maximumGracefulShutdownDuration = .milliseconds(500)
        let end = EndWatch()
        try await ServiceGroup(configuration: group).run()
        withExtendedLifetime((state, end)) {}
    }

    /// A sentence where the environment names a proxy that the configuration does not.
    static func ignoredProxyVariable(_ configuration: AgentConfiguration) -> String? {
        guard configuration.network.proxy == nil else { return nil }
        let names: [String] = ["https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"]
        let set = names.first { name in getenv(name) != nil }
        return set.map { "the environment's \($0) is ignored: set 'proxy' in agent.yaml if it is needed" }
    }

    /// The service group tells of each step of its own at debug level; ours are told by us.
    private static func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }
}

/// SIGHUP reads the configuration again, as other daemons do.
struct ReloadOnHangup: Service {
    let manager: HealthManager

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            // What is wrong stands in log, metric and page.
            try? await manager.reload()
        }
    }
}
