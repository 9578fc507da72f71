import FoundationEssentials
import Glibc
package import HealthManager
import Hummingbird
package import Logging
import NIOCore
import NIOPosix
package import ServiceLifecycle

/// What the agent shows and takes orders by: one listener on the network, one on the control socket.
package struct StatusServer: Sendable {
    private let routes: Routes
    private let settings: DaemonSettings
    private let logger: Logger
    /// One thread for all that is served: what it does is short, and the rest waits elsewhere.
    private let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let executor: LoopExecutor

    /// - Parameter onListening: told the address taken on the network, `127.0.0.1:9717`.
    package init(
        settings: DaemonSettings, health: HealthManager, desk: ProbeDesk, metrics: MetricsPage, events: EventFeed,
        responses: @escaping @Sendable () -> ResponseFacts = { ResponseFacts() }, build: BuildInformation,
        logger: Logger
    ) throws {
        self.settings = settings
        self.logger = logger
        executor = LoopExecutor(loops.any())
        routes = Routes(
            health: health, metrics: metrics, page: try StatusPage(), desk: desk, executor: executor, events: events, responses: responses,
            build: build)
    }

    /// The services that listen. `onListening` is told the network address taken, `127.0.0.1:9717`.
    package func services(onListening: @escaping @Sendable (String) async -> Void) -> [any Service] {
        [network(onListening), controlSocket]
    }

    private func network(_ onListening: @escaping @Sendable (String) async -> Void) -> Listener {
        let (host, port) = Self.split(settings.listen)
        let names = Set((settings.hostNames + [Self.machineName]).map { $0.lowercased() })
        let application = Application(
            router: routes.router(Door(listener: .network, hostNames: names)),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in
                guard let address = channel.localAddress, let port = address.port else { return }
                await onListening(host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
            }, eventLoopGroupProvider: .shared(loops), logger: Self.quiet(logger))
        return Listener(address: settings.listen, remedy: "set 'listen' in agent.yaml or --listen", executor: executor) {
            try await application.run()
        }
    }

    private var controlSocket: Listener {
        let path = settings.controlSocketPath
        let group = settings.controlSocket.group
        let logger = logger
        let application = Application(
            router: routes.router(Door(listener: .controlSocket, hostNames: [])),
            configuration: ApplicationConfiguration(address: .unixDomainSocket(path: path)),
            onServerRunning: { _ in Self.open(path, to: group, logger) }, eventLoopGroupProvider: .shared(loops), logger: Self.quiet(logger)
        )
        return Listener(address: path, remedy: "set 'controlSocket.path' in agent.yaml", executor: executor) {
            try await application.run()
            unlink(path)
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

    /// Listening is told once, by us; the server's own line would say it twice.
    private static func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }

    private static func split(_ listen: String) -> (host: String, port: Int) {
        guard let colon = listen.lastIndex(of: ":") else { return (listen, 0) }
        let host = listen[..<colon]
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
        return (bare, Int(listen[listen.index(after: colon)...]) ?? 0)
    }

    private static var machineName: String {
        var bytes = [CChar](repeating: 0, count: 256)
        gethostname(&bytes, bytes.count - 1)
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A listener that could not be opened, in one sentence.
package struct CannotListen: Error, CustomStringConvertible {
    package var description: String
}

/// One server, whose failure to listen is told in words.
private struct Listener: Service {
    let address: String
    let remedy: String
    let executor: LoopExecutor
    let serve: @Sendable () async throws -> Void

    func run() async throws {
        do { try await withTaskExecutorPreference(executor) { try await serve() } } catch let error as IOError {
            let why = error.errnoCode == EADDRINUSE ? "the port is in use" : String(cString: strerror(error.errnoCode))
            throw CannotListen(description: "cannot listen on \(address): \(why); \(remedy)")
        }
    }
}
