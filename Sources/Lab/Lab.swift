import FoundationEssentials
import Hummingbird
package import Logging
import ServiceLifecycle
import Serving

/// What the lab is to be.
package struct LabPlan: Sendable {
    package var servers = 3
    package var organization = "fabrikam.com"
    /// Made if missing, mode 0700.
    package var stateDirectory: String
    /// What the written `agent.yaml` tells the agent to listen on.
    package var agentListen = "127.0.0.1:9717"
    /// Whether `agent.yaml` names a snapshot of the organization; while a fault of the snapshot is on, it does in any case.
    package var hasSnapshot = false
    /// Names of faults that are on from the start.
    package var faults: [String] = []

    package init(stateDirectory: String) { self.stateDirectory = stateDirectory }
}

/// Where everything of a running lab is.
package struct LabDescription: Codable, Sendable {
    /// A server of the lab and where it listens.
    package struct ServerAddress: Codable, Sendable {
        package var name: String
        /// `127.0.0.1:PORT`
        package var address: String
    }

    package var mailboxServers: [ServerAddress]
    package var authServer: ServerAddress
    package var tokenEndpoint: ServerAddress
    package var pushService: ServerAddress
    package var graph: ServerAddress
    /// Of all mailbox servers.
    package var smtp: ServerAddress
    package var imap: ServerAddress
    /// Unseen mails on the phone: notifications that arrived.
    package var badge: Int
}

/// A whole hybrid tenant on loopback, with faults to switch on.
package final class Lab: Service, Sendable {
    /// The lab cannot start; the description is one sentence.
    package struct Problem: Error, CustomStringConvertible {
        package var description: String
    }

    private let board: FaultBoard
    private let tenant: LabTenant
    private let files: LabFiles
    private let mailboxes: [LabServer]
    private let authServer: LabServer
    private let tokenEndpoint: LabServer
    private let push: LabServer
    private let graph: LabServer
    /// All servers' mail protocols.
    private let (smtp, imap): (LabServer, LabServer)
    private let badge: PushService.Badge
    private let directory: String
    private let logger: Logger
    private let readiness = Readiness()

    /// Makes certificates, reserves ports and writes the files; nothing listens yet.
    package init(_ plan: LabPlan, logger: Logger) async throws {
        directory = plan.stateDirectory
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let board = FaultBoard()
        for name in plan.faults {
            guard let fault = Fault.named(name) else {
                throw Problem(description: "there is no fault '\(name)'; 'agent lab fault list' shows all")
            }
            _ = board.turn(fault, on: true)
        }
        let authority = try LabAuthority(commonName: "Lab Root")
        let stranger = try LabAuthority(commonName: "Somebody Else's Root")
        let tenant = LabTenant(organization: plan.organization, certificates: OAuthCertificates(), board: board)
        let credential = try AgentCredential()
        let tokens = await TokenIssuer(tenantID: tenant.id)
        let pushService = PushService(tenant: tenant, tokens: tokens)
        let tokenService = TokenService(tenant: tenant, credential: credential, tokens: tokens)
        var quiet = logger
        // Connections cut by a fault are what was asked for, not errors to log.
        quiet.logLevel = .critical
        let now = Date()
        let serverLogger = quiet
        func server(_ name: String, as names: [String]? = nil, _ place: Fault.Role?, _ service: LabServer.Service) throws -> LabServer {
            LabServer(
                name: name, reservation: try PortReservation(),
                identities: try ServerIdentities(names: names ?? [name], authority: authority, stranger: stranger, now: now), board: board,
                place: place, service: service, logger: serverLogger)
        }
        mailboxes = try (0..<plan.servers).map { index in
            let name = tenant.serverName(index)
            let service = MailboxService(tenant: tenant, name: name, index: index)
            return try server(name, index == 0 ? .mailbox : nil, .http { service.router() })
        }
        authServer = try server("accounts.accesscontrol.windows.net", .authServer, .http { Self.authServerRouter(tenant) })
        tokenEndpoint = try server("login.microsoftonline.com", .tokenEndpoint, .http { tokenService.router() })
        push = try server("outlook.office365.com", .push, .http { pushService.router() })
        let graphService = GraphService(tenant: tenant, tokens: tokens)
        graph = try server("graph.microsoft.com", .graph, .http { graphService.router() })
        badge = pushService.badge
        let mailbox = LabMailbox()
        let account = MailAccount(user: "mailflow@\(tenant.organization)", password: UUID().uuidString)
        let names = mailboxes.map(\.name)
        smtp = try server(
            "smtp", as: names, .smtp, .mail { SMTPDialogue(name: names[0], account: account, mailbox: mailbox, board: board) })
        imap = try server(
            "imap", as: names, .imap, .mail { IMAPDialogue(name: names[0], account: account, mailbox: mailbox, board: board) })
        files = LabFiles(
            directory: directory, tenant: tenant, listen: plan.agentListen, rootPEM: authority.rootPEM, credential: credential,
            hasSnapshot: plan.hasSnapshot, servers: mailboxes.map { ($0.name, $0.address) },
            cloud: (authServer.address, tokenEndpoint.address, push.address, graph.address), mail: (smtp.address, imap.address),
            account: account)
        self.board = board
        self.tenant = tenant
        self.logger = quiet
        try files.write()
    }

    private static func authServerRouter(_ tenant: LabTenant) -> Router<BasicRequestContext> {
        let router = Router()
        let metadata = MetadataService(tenant: tenant, place: .authServer)
        router.get("/metadata/json/1") { request, _ in try metadata.authServer(realm: request.uri.queryParameters["realm"].map(String.init))
        }
        router.get("/{realm}/metadata/json/1") { _, context in try metadata.authServer(realm: context.parameters.get("realm")) }
        return router
    }

    private var servers: [LabServer] { mailboxes + [authServer, tokenEndpoint, push, graph, smtp, imap] }

    /// Serves until the service group shuts down.
    package func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for server in self.servers { group.addTask { try await server.run { self.readiness.isReady(server.name) } } }
                group.addTask { try await self.serveControlSocket() }
                do { try await group.waitForAll() } catch is CancellationError {}
            }
        }
    }

    /// Returns once every server has taken its place.
    package func ready() async { await readiness.wait(for: Set(servers.map(\.name) + ["control"])) }

    package var description: LabDescription {
        func place(_ server: LabServer) -> LabDescription.ServerAddress { .init(name: server.name, address: server.address) }
        return LabDescription(
            mailboxServers: mailboxes.map(place), authServer: place(authServer), tokenEndpoint: place(tokenEndpoint),
            pushService: place(push), graph: place(graph), smtp: place(smtp), imap: place(imap),
            badge: badge.value)
    }

    /// The configuration written for an agent.
    package var configurationPath: String { directory + "/agent.yaml" }

    /// Where the lab's control socket lies in a state directory.
    package static func controlSocket(in directory: String) -> String { directory + "/lab.sock" }

    package var faults: [FaultStatus] { Fault.all.map(status) }

    /// Switches a fault; the files are as they must be, and every server in its mode, when it returns.
    package func turn(_ name: String, on: Bool) async throws -> FaultStatus {
        guard let fault = Fault.named(name) else {
            throw Problem(description: "there is no fault '\(name)'; 'agent lab fault list' shows all")
        }
        let moved = servers.filter { server in
            fault.effects.contains {
                if case .connection(server.place, .refused) = $0 {
                    true
                } else if case .connection(server.place, .unanswered) = $0 {
                    true
                } else {
                    false
                }
            }
        }
        moved.forEach { readiness.forget($0.name) }
        if board.turn(fault, on: on) {
            try files.write()
            await readiness.wait(for: Set(moved.map(\.name)))
        } else {
            moved.forEach { readiness.isReady($0.name) }
        }
        return status(fault)
    }

    private func status(_ fault: Fault) -> FaultStatus {
        FaultStatus(name: fault.name, summary: fault.summary, isOn: board.isOn(fault), needsReload: fault.needsReload)
    }

    private func serveControlSocket() async throws {
        let router = Router()
        router.get("/") { _, _ in Answer.json(Array(try JSONEncoder().encode(self.description))) }
        router.get("/faults") { _, _ in Answer.json(Array(try JSONEncoder().encode(self.faults))) }
        router.put("/faults/{name}") { _, context in try await self.answer(context.parameters.require("name"), on: true) }
        router.delete("/faults/{name}") { _, context in try await self.answer(context.parameters.require("name"), on: false) }
        try await HTTPServer(logger: logger, answer: router.answer(logger)).run(on: .path(Self.controlSocket(in: directory))) { _ in
            self.readiness.isReady("control")
        }
    }

    private func answer(_ name: String, on: Bool) async throws -> Response {
        do { return Answer.json(Array(try JSONEncoder().encode(try await turn(name, on: on)))) } catch let problem as Problem {
            return Answer.json(Array(try JSONEncoder().encode(["error": problem.description])), status: .notFound)
        }
    }
}
