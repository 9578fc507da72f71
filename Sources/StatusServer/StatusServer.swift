package import Exposition
import FoundationEssentials
import Glibc
package import HealthManager
import Hummingbird
package import Logging
package import Monitoring
import NIOCore
import NIOPosix
package import Probing
package import ServiceLifecycle
package import Serving

/// The agent's HTTP server: one listener on the network, one on the control socket, both with the same routes.
package struct StatusServer: Sendable {
    private let routes: Routes
    private let settings: DaemonSettings
    private let connections: Connections
    private let controlConnections: Connections
    private let web: WebConfiguration?
    private let history: RunHistory
    private let logger: Logger
    /// A single thread serves all requests: handlers are short and never block it.
    private let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let executor: LoopExecutor

    /// Opens nothing yet; listening starts when the `services` run.
    /// - Parameters:
    ///   - recent: also an observer of the manager.
    ///   - changes: carries out requests that change what the manager does.
    ///   - settings: the listen address, host names and control socket; changes made by a reload are not picked up.
    ///   - responses: returns the current counters of responders and alerts; called for `/metrics` and `/api/v1/attempts`.
    ///   - web: TLS, users and limits of the network listener; nil for none. Its service runs beside those of `services`.
    ///   - budget: limits the number of open connections per listener.
    /// - Throws: if a page template cannot be parsed.
    package init(
        settings: DaemonSettings, health: HealthManager, changes: ChangeRequests, metrics: MetricsPage,
        events: EventFeed, recent: RecentRuns, time: any TimeSource,
        responses: @escaping @Sendable () -> ResponseFacts = { ResponseFacts() }, build: BuildInformation, budget: DescriptorBudget,
        web: WebConfiguration? = nil, logger: Logger
    ) throws {
        self.settings = settings
        self.web = web
        self.logger = logger
        executor = LoopExecutor(loops.any())
        let connections = Connections(Connections.Limits(open: budget.connections), logger: logger)
        self.connections = connections
        controlConnections = Connections(Connections.Limits(open: budget.controlConnections), logger: logger)
        history = RunHistory(health, recent: recent, time: time)
        routes = Routes(
            health: health, changes: changes, metrics: metrics, history: history, templates: try PageTemplates(), events: events,
            responses: responses,
            connections: { connections.facts }, build: build, web: web,
            settings: settings)
    }

    /// The services that listen; each throws `CannotListen` from `run` if its address cannot be bound.
    /// - Parameters:
    ///   - inherited: descriptors of sockets that already listen, which take the place of the listen addresses; empty for none.
    ///   - onListening: called for each address once it is bound, with its actual port: `127.0.0.1:9717`.
    package func services(
        on inherited: [Int32] = [], onListening: @escaping @Sendable (String) async -> Void
    ) -> [any Service] {
        let sockets =
            inherited.isEmpty
            ? settings.listen.map { ($0, ListenAddress.parse($0)) } : inherited.map { ("descriptor \($0)", .inherited($0)) }
        return [history] + sockets.map { network($0, $1, onListening) } + [controlSocket]
    }

    private func network(
        _ name: String, _ socket: ListeningSocket, _ onListening: @escaping @Sendable (String) async -> Void
    ) -> Listener {
        let names = Set((settings.hostNames + [Self.machineName]).map { $0.lowercased() })
        let requestGuard = RequestGuard(
            listener: .network, hostNames: names, isBehindProxy: settings.isBehindProxy, isSecure: web?.current.tls != nil,
            externalOrigin: settings.externalOrigin)
        let prepare: @Sendable (any Channel) throws -> Bool = { [web] channel in
            guard let tls = web?.current.tls else { return false }
            try tls.add(to: channel)
            return tls.offersHTTP2
        }
        var remedy = "set 'listen' in agent.yaml or --listen"
        if case .inherited = socket { remedy = "restart the socket unit that passed it" }
        return listener(
            name, remedy, socket, requestGuard, connections, prefix: settings.prefix, prepare: prepare
        ) { channel in
            if case .path(let path) = socket { chmod(path, 0o660) }
            await onListening(ListenAddress.bound(socket, at: channel.localAddress))
        }
    }

    private var controlSocket: Listener {
        let path = settings.controlSocketPath
        let group = settings.controlSocket.group
        let requestGuard = RequestGuard(listener: .controlSocket, hostNames: [])
        return listener(path, "set 'controlSocket.path' in agent.yaml", .path(path), requestGuard, controlConnections) { [logger] _ in
            Self.open(path, to: group, logger)
        }
    }

    /// - Parameters:
    ///   - prefix: the path before all paths; empty for none.
    ///   - prepare: adds what precedes HTTP to a connection; returns whether HTTP/2 is offered.
    private func listener(
        _ name: String, _ remedy: String, _ socket: ListeningSocket, _ requestGuard: RequestGuard, _ connections: Connections,
        prefix: String = "", prepare: @escaping @Sendable (any Channel) throws -> Bool = { _ in false },
        _ onListening: @escaping @Sendable (any Channel) async -> Void
    ) -> Listener {
        let responder = PrefixedResponder(prefix: prefix, inner: routes.router(requestGuard).buildResponder())
        let server = HTTPServer(loops: loops, connections: connections, prepare: prepare, logger: logger) { [logger] request, channel in
            try await responder.respond(to: request, context: ServerContext(source: .init(channel: channel, logger: logger)))
        }
        return Listener(address: name, remedy: remedy, socket: socket, executor: executor, server: server, onListening: onListening)
    }

    private static func open(_ path: String, to group: String?, _ logger: Logger) {
        guard let group else {
            chmod(path, 0o600)
            return
        }
        guard let entry = getgrnam(group) else {
            chmod(path, 0o600)
            return logger.error("unknown group, the control socket is accessible to its owner only", metadata: ["group": "\(group)"])
        }
        chown(path, uid_t.max, entry.pointee.gr_gid)
        chmod(path, 0o660)
    }

    private static var machineName: String {
        var bytes = [CChar](repeating: 0, count: 256)
        gethostname(&bytes, bytes.count - 1)
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
