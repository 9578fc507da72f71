import FoundationEssentials
import Glibc
package import HealthManager
import Hummingbird
package import Logging
import NIOCore
import NIOPosix
package import ServiceLifecycle
package import Serving

/// What the agent shows and takes orders by: one listener on the network, one on the control socket.
package struct StatusServer: Sendable {
    private let routes: Routes
    private let settings: DaemonSettings
    private let connections: Connections
    private let controlConnections: Connections
    private let logger: Logger
    /// One thread for all that is served: what it does is short, and the rest waits elsewhere.
    private let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let executor: LoopExecutor

    /// - Parameter budget: how many connections there may be.
    package init(
        settings: DaemonSettings, health: HealthManager, desk: ProbeDesk, metrics: MetricsPage, events: EventFeed,
        responses: @escaping @Sendable () -> ResponseFacts = { ResponseFacts() }, build: BuildInformation, budget: DescriptorBudget,
        logger: Logger
    ) throws {
        self.settings = settings
        self.logger = logger
        executor = LoopExecutor(loops.any())
        let connections = Connections(Connections.Limits(open: budget.connections), logger: logger)
        self.connections = connections
        controlConnections = Connections(Connections.Limits(open: budget.controlConnections), logger: logger)
        routes = Routes(
            health: health, metrics: metrics, page: try StatusPage(), desk: desk, events: events, responses: responses,
            connections: { connections.facts }, build: build)
    }

    /// The services that listen. `onListening` is told the network address taken, `127.0.0.1:9717`.
    package func services(onListening: @escaping @Sendable (String) async -> Void) -> [any Service] {
        [network(onListening), controlSocket]
    }

    private func network(_ onListening: @escaping @Sendable (String) async -> Void) -> Listener {
        let (host, port) = ListenAddress.split(settings.listen)
        let names = Set((settings.hostNames + [Self.machineName]).map { $0.lowercased() })
        let door = Door(listener: .network, hostNames: names, isBehindProxy: settings.isBehindProxy)
        return listener(settings.listen, "set 'listen' in agent.yaml or --listen", .hostname(host, port: port), door, connections) {
            channel in
            guard let address = channel.localAddress, let port = address.port else { return }
            await onListening(host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
        }
    }

    private var controlSocket: Listener {
        let path = settings.controlSocketPath
        let group = settings.controlSocket.group
        let door = Door(listener: .controlSocket, hostNames: [])
        return listener(path, "set 'controlSocket.path' in agent.yaml", .unixDomainSocket(path: path), door, controlConnections, file: path)
        {
            [logger] _ in Self.open(path, to: group, logger)
        }
    }

    /// - Parameter file: removed at the end.
    private func listener(
        _ name: String, _ remedy: String, _ address: BindAddress, _ door: Door, _ connections: Connections, file: String? = nil,
        _ onListening: @escaping @Sendable (any Channel) async -> Void
    ) -> Listener {
        var quiet = logger
        // What goes wrong with listening is told by us, once and in words.
        quiet.logLevel = .critical
        let application = Application(
            router: routes.router(door), server: .deferred(connections), configuration: ApplicationConfiguration(address: address),
            onServerRunning: { channel in
                try? await connections.watch(channel)
                await onListening(channel)
            }, eventLoopGroupProvider: .shared(loops), logger: quiet)
        return Listener(address: name, remedy: remedy, executor: executor, connections: connections) {
            try await application.run()
            if let file { unlink(file) }
        }
    }

    private static func open(_ path: String, to group: String?, _ logger: Logger) {
        guard let group else {
            chmod(path, 0o600)
            return
        }
        guard let entry = getgrnam(group) else {
            chmod(path, 0o600)
            return logger.error("there is no group of that name, the control socket is the owner's alone", metadata: ["group": "\(group)"])
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
