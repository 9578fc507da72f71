import Escalation
import Exposition
import FoundationEssentials
import Glibc
import HealthManager
import History
import Logging
import Monitoring
import ProbeFiles
import ProbeKinds
import Probing
import ServiceLifecycle
import Serving
import StatusServer
import Synchronization
import TargetKinds
import Transfers
import UnixSignals

/// Creates and connects the components of the agent.
enum Composition {
    /// All probe kinds with their dependencies.
    /// - Parameters:
    ///   - stateDirectory: where certificates seen are recorded; nil records nothing.
    ///   - ownsState: whether this process may write there.
    static func kinds(transfers: Transfers, stateDirectory: String?, ownsState: Bool, logger: Logger) -> KindCatalog {
        let sightings = CertificateLog(directory: stateDirectory ?? "/nonexistent", isWritable: ownsState, logger: logger)
        let userAgent = "agent/\(Version.current)"
        let services = KindServices(transfers: transfers, sightings: sightings, userAgent: userAgent)
        let targets = TargetServices(transfers: transfers, userAgent: userAgent)
        return KindCatalog(ShippedKinds.all(services) + TargetKinds.all(targets)) {
            await services.clearCaches()
            targets.clearCaches()
        }
    }

    /// Opens the network client.
    /// - Throws: `ExitCode(2)`, after printing an error, if the system lacks file descriptors or other resources.
    static func transfers() throws -> Transfers {
        do throws(StateDirectory.Unusable) { try DescriptorLimit.check() } catch {
            throw Console.failure(error.description)
        }
        do throws(SystemRefusal) { return try Transfers.open() } catch { throw Console.failure(error.description) }
    }

    /// A health manager for commands that run probes in this process, without a schedule.
    static func inProcess(_ files: PlanFiles, transfers: Transfers, logger: Logger) throws -> HealthManager {
        let stateDirectory = try? files.daemonSettings().stateDirectory
        let kinds = kinds(transfers: transfers, stateDirectory: stateDirectory, ownsState: false, logger: logger)
        return try HealthManager(
            ManagerServices(
                kinds: kinds, readPlan: { () throws(ConfigurationRefused) in try files.read(kinds: kinds) },
                configurationPath: files.configurationPath ?? "", time: SystemTime(),
                targets: TargetLists(world: TargetSources(transfers).world, time: SystemTime(), logger: logger), logger: logger))
    }

    /// Runs the daemon until SIGTERM or SIGINT.
    /// - Parameters:
    ///   - requiresSockets: whether it is an error that the service manager has not passed sockets to listen on.
    ///   - reloadsEvery: how often to look whether files have changed; nil for never.
    ///   - isServing: called with the manager and each network address once the agent listens on it.
    ///   - beside: additional services to run.
    static func run(
        _ files: PlanFiles, logger: Logger, requiresSockets: Bool = false, reloadsEvery: Duration? = nil,
        isServing: @escaping @Sendable (HealthManager, String) async -> Void = { _, _ in },
        beside: [any Service] = []
    ) async throws {
        // Before anything can start a process.
        let sockets = try InheritedSockets.take(areRequired: requiresSockets)
        let budget = try DescriptorBudget.raised()
        // Until the control socket has its mode, nobody else may write to it.
        umask(umask(0o077) | 0o022)
        let transfers = try Self.transfers()
        let contents = reloadsEvery == nil ? [] : AutoReload.contents(files.paths)
        let checking = kinds(transfers: transfers, stateDirectory: nil, ownsState: false, logger: logger)
        let configuration = try files.read(kinds: checking).configuration
        let state = try StateDirectory(configuration.daemon.stateDirectory)
        // The lock is held, so a socket in the state directory is stale. At another path it may belong to another agent.
        try ControlSocketPath.claim(configuration.daemon.controlSocketPath, remedy: "set 'controlSocket.path' to another path")
        let addresses = sockets.isEmpty ? configuration.daemon.listen : []
        for path in addresses.compactMap(ListenAddress.socketPath) {
            try ControlSocketPath.claim(path, "the socket", remedy: "set 'listen' to another path")
        }
        let kinds = kinds(transfers: transfers, stateDirectory: state.path, ownsState: true, logger: logger)
        let metrics = MetricsPage(
            configuration.daemon.compatibility, created: configuration.daemon.exposesCreated ? SystemTime().now : nil)
        let prober = OnDemandProber(time: SystemTime(), mostRunning: budget.runs)
        let events = EventFeed(time: SystemTime())
        let recent = RecentRuns()
        let targets = TargetLists(world: TargetSources(transfers).world, time: SystemTime(), logger: logger)
        let history = HistoryStore(directory: state.path, settings: configuration.history, time: SystemTime(), logger: logger)
        let restored = history.restore()
        let client = OutboundClient(transfers, userAgent: "agent/\(Version.current)")
        let alerts = AlertSender(
            client, journal: history, generatorURL: configuration.daemon.externalURL.map { $0 + "/" }, time: SystemTime(), logger: logger)
        let leadership = configuration.daemon.responderLock.map { Leadership(ResponderLock($0), time: SystemTime(), logger: logger) }
        let responders = ResponderDispatcher(
            ActionRunner(client, time: SystemTime()), journal: history, restored: restored, leadership: leadership, time: SystemTime(),
            logger: logger)
        var limits = RunLimits()
        limits.overall = min(limits.overall, budget.runs)
        let manager = try HealthManager(
            ManagerServices(
                kinds: kinds, readPlan: { () throws(ConfigurationRefused) in try files.read(kinds: kinds) },
                configurationPath: files.configurationPath ?? "", time: SystemTime(), targets: targets, prober: prober, journal: history,
                version: Version.current, logger: logger),
            observers: [metrics, events, recent, responders, alerts], restored: restored, limits: limits)
        let changes = ChangeRequests(manager)
        let web = try files.webFile().map { file in
            try WebConfiguration(read: { () throws(ConfigurationRefused) in try file.read() }, logger: logger)
        }
        if let ignored = ignoredProxyVariable(configuration) { logger.notice("\(ignored)") }
        let build = BuildInformation(version: Version.current, revision: Revision.current, swiftVersion: Version.swift)
        let systemd = ServiceManager()
        let unopened = Mutex(addresses.count + sockets.count)
        let server = try StatusServer(
            settings: configuration.daemon, health: manager, changes: changes, metrics: metrics, events: events, recent: recent,
            time: SystemTime(),
            responses: { ResponseFacts(responders: responders.ledger, alertmanagers: alerts.ledgers) }, build: build, budget: budget,
            web: web, logger: logger)
        let listeners = server.services(on: sockets) { address in
            logger.info("listening", metadata: ["address": "\(address)", "control_socket": "\(configuration.daemon.controlSocketPath)"])
            if unopened.withLock({
                $0 -= 1; return $0 == 0
            }) {
                systemd.ready()
            }
            await isServing(manager, address)
        }
        let services =
            // The history ends last, so that entries recorded by other services during shutdown are written.
            [
                history, manager, TargetListWatch(targets, telling: manager), responders.service(asking: manager),
                alerts.service { await manager.alerts() },
            ] as [any Service] + listeners + [
                // These end before the listeners, which wait for event streams to end.
                events, ReloadOnHangup(changes: changes, systemd: systemd), MemoryReturn(),
            ]
            + (systemd.isPresent ? [StatusReports(to: systemd, manager: manager)] : [])
            + (web.map { [$0] } ?? [])
            + (reloadsEvery.map { [AutoReload(files.paths, first: contents, every: $0, changes: changes)] } ?? [])
            + beside
        var group = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger))
        group.maximumGracefulShutdownDuration = .milliseconds(500)
        let end = EndWatch()
        try await ServiceGroup(configuration: group).run()
        withExtendedLifetime((state, end)) {}
    }

    /// A note if an environment variable names a proxy and the configuration does not; else nil.
    static func ignoredProxyVariable(_ configuration: AgentConfiguration) -> String? {
        guard configuration.organization.network.proxy == nil else { return nil }
        let names: [String] = ["https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"]
        let set = names.first { name in getenv(name) != nil }
        return set.map { "the environment variable \($0) is ignored: set 'proxy' in agent.yaml if a proxy is required" }
    }

    /// A logger for the service group, without its debug and info messages.
    private static func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }
}

/// Reloads the configuration on SIGHUP.
struct ReloadOnHangup: Service {
    let changes: ChangeRequests
    let systemd: ServiceManager

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            systemd.reloading()
            // Problems are reported in the log, the metrics and the status page.
            try? await changes.reload()
            systemd.ready()
        }
    }
}
