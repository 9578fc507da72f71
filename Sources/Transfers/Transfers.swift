package import Addresses
import CCurl
import CLinux
import FoundationEssentials
import Glibc

/// All outgoing traffic: HTTP exchanges, stream connections, datagrams, pings, and name resolution.
///
/// Every connection is new, with a full TLS handshake. Every failure is returned or thrown as a value, and every operation has a deadline.
package final class Transfers: Sendable {
    private let engine: Engine
    let loop: SocketLoop
    package let trustStores = TrustStores()
    private let resolver: Resolver

    /// Traps if the required system resources are not available; use `open` to handle that case.
    package convenience init() {
        do { try self.init(engine: Engine(), loop: SocketLoop()) } catch { preconditionFailure("\(error)") }
    }

    private init(engine: Engine, loop: SocketLoop) {
        self.engine = engine
        self.loop = loop
        resolver = Resolver(loop: loop)
    }

    /// - Throws: if the system does not provide the required threads and descriptors.
    package static func open() throws(SystemRefusal) -> Transfers {
        let engine = try Engine()
        do throws(SystemRefusal) { return Transfers(engine: engine, loop: try SocketLoop()) } catch {
            engine.close()
            throw error
        }
    }

    deinit {
        engine.close()
        loop.close()
    }

    /// The addresses of a name, at least one, in order of preference. A literal address is returned as it is.
    /// - Throws: `nameNotResolved`, also if the deadline passes; `localResources`; `cancelled`.
    package func resolve(
        _ name: String, _ preference: FamilyPreference = .any, until deadline: ContinuousClock.Instant
    ) async throws(ExchangeFailure) -> [NetworkAddress] {
        try await resolver.addresses(of: name, preference, until: deadline)
    }

    /// Opens a TCP connection. The deadline also applies to everything that is later sent and received over it.
    package func connect(
        to endpoint: Endpoint, from source: NetworkAddress? = nil, until deadline: ContinuousClock.Instant
    ) async throws(ExchangeFailure) -> Conversation {
        try await Conversation.open(to: endpoint, from: source, loop: loop, trustStores: trustStores, until: deadline)
    }

    /// Connects to a Unix stream socket. The deadline also applies to everything that is later sent and received over it.
    package func connect(
        toUnixSocket path: String, until deadline: ContinuousClock.Instant
    ) async throws(ExchangeFailure) -> Conversation {
        try await Conversation.open(unixSocket: path, loop: loop, trustStores: trustStores, until: deadline)
    }

    /// Opens a UDP socket that is connected to one peer. The deadline applies to everything received over it.
    package func datagrams(
        to peer: Endpoint, from source: NetworkAddress? = nil, until deadline: ContinuousClock.Instant
    ) throws(ExchangeFailure) -> Datagrams {
        try Datagrams(to: peer, from: source, type: Int32(SOCK_DGRAM.rawValue), protocol: 0, loop: loop, until: deadline)
    }

    /// Opens a socket for pinging one address.
    /// - Throws: `notPermitted` if the process may open neither a ping socket nor a raw socket; the sentence says what would allow it.
    package func ping(
        _ address: NetworkAddress, _ settings: PingSettings, until deadline: ContinuousClock.Instant
    ) throws(ExchangeFailure) -> Ping {
        try Ping(address, settings, loop: loop, until: deadline)
    }

    /// Prepares a session with a mail server: resolves its name. The deadline applies to the whole session.
    /// - Throws: as `resolve`; `credentialUnreadable` for trusted roots that cannot be used.
    package func mailSession(
        with server: MailServer, until deadline: ContinuousClock.Instant
    ) async throws(ExchangeFailure) -> MailSession {
        guard let name = HostName.ascii(server.host),
            let (host, port) = URLHost.split(server.address ?? "\(HostPort(host: name, port: server.port))")
        else {
            throw ExchangeFailure(kind: .invalidRequest, phase: .resolve, sentence: "'\(server.host)' is not a host name")
        }
        var server = server
        server.host = name
        let began = ContinuousClock.now
        let addresses = try await resolve(host, until: deadline)
        return try MailSession(
            server, addresses: addresses, port: port, resolving: ContinuousClock.now - began, trustStores: trustStores, until: deadline)
    }

    /// Performs one exchange, including redirects, within the request's deadline. Never throws: the report contains the failure.
    ///
    /// If the calling task is cancelled, the connection is closed immediately, and the failure is `cancelled`.
    package func exchange(_ request: ExchangeRequest) async -> ExchangeReport {
        let end = ContinuousClock.now.advanced(by: request.deadline)
        var request = request
        request.url = URLHost.withASCIIHost(request.url) ?? ""
        let first = URLHost(request.url)
        var host = first
        var whole = ExchangeReport()
        var cookies: [[CChar]] = []
        while true {
            let hop = await exchangeOnce(request, host, first: first, redirects: whole.redirects, cookies: cookies, until: end)
            whole.add(hop.report)
            cookies = hop.cookies
            guard let redirect = hop.redirect, let limit = redirect.limit(request.redirects, from: request.url) else { return whole }
            whole.redirects += 1
            if whole.redirects > limit {
                whole.failure =
                    whole.failure
                    ?? ExchangeFailure(
                        kind: .tooManyRedirects, phase: .transfer, sentence: "redirected more than \(limit) times")
            }
            guard whole.failure == nil else { return whole }
            request = redirect.request(after: request, status: hop.report.response?.status ?? 0)
            host = URLHost(request.url)
        }
    }

    private func exchangeOnce(
        _ request: ExchangeRequest, _ host: URLHost?, first: URLHost?, redirects: Int, cookies: [[CChar]],
        until end: ContinuousClock.Instant
    ) async -> Hop.Ending {
        guard let host else { return .failed(.invalidRequest, .resolve, "the URL is invalid") }
        let route: Route
        do throws(ExchangeFailure) { route = try await self.route(request, host, first: first, until: end) } catch {
            return Hop.Ending(failure: error)
        }
        var resolving = route.resolving
        for (index, target) in route.targets.enumerated() {
            let left = max(.milliseconds(1), ContinuousClock.now.duration(to: end))
            let isLast = index == route.targets.count - 1
            let timeout = Self.share(of: left, addressesLeft: route.targets.count - index)
            // Most exchanges need no login, and are not to pay for it.
            var ending =
                request.login == nil && request.proxy?.login == nil
                ? await perform(request, host, target, redirects: redirects, cookies: cookies, timeout: timeout)
                : await performLoggedIn(request, host, target, redirects: redirects, cookies: cookies, timeout: timeout)
            ending.report.phases[.resolve, default: .zero] += resolving
            ending.report.address = ending.report.address ?? route.targets.first?.endpoint?.address
            let failedToConnect = ending.report.failure.map { $0.phase == .connect && $0.kind != .cancelled } ?? false
            if isLast || !failedToConnect { return ending }
            resolving += ending.report.phases[.connect] ?? .zero
        }
        return .failed(.nameNotResolved, .resolve, "the name has no address")
    }

    /// The time for one of several addresses: all that is left for the last one, a part of it for the others.
    static func share(of left: Duration, addressesLeft: Int) -> Duration {
        addressesLeft <= 1 ? left : max(left / addressesLeft, min(left, .seconds(2)))
    }

    private struct Route {
        var targets: [Hop.Target]
        var resolving: Duration = .zero
    }

    /// What a hop connects to: the resolved addresses that the policy allows, a proxy that resolves names itself, or a Unix socket.
    private func route(
        _ request: ExchangeRequest, _ host: URLHost, first: URLHost?, until end: ContinuousClock.Instant
    ) async throws(ExchangeFailure) -> Route {
        if let socket = request.unixSocket { return Route(targets: [.unixSocket(socket)]) }
        let proxy = request.proxy.flatMap { $0.applies(to: host.name) ? $0 : nil }
        if let proxy, !request.resolvesForProxy {
            if let literal = NetworkAddress(host.name), let refusal = request.policy.refusal(of: literal) { throw .forbidden(refusal) }
            return Route(targets: [.proxy(proxy, to: nil)])
        }
        let (name, port) = destination(request, host, first)
        let began = ContinuousClock.now
        let addresses = try await resolve(name, request.family, until: end)
        let resolving = ContinuousClock.now - began
        let candidates = request.triesEveryAddress ? addresses : [addresses[0]]
        let allowed = candidates.filter { request.policy.refusal(of: $0) == nil }
        guard !allowed.isEmpty else { throw .forbidden(request.policy.refusal(of: candidates[0]) ?? "") }
        let endpoints = allowed.map { Endpoint($0, port: port) }
        return Route(targets: endpoints.map { end in proxy.map { .proxy($0, to: end) } ?? .endpoint(end) }, resolving: resolving)
    }

    /// The name or address and the port that a hop connects to.
    private func destination(_ request: ExchangeRequest, _ host: URLHost, _ first: URLHost?) -> (name: String, port: UInt16) {
        if let pin = request.pin, host.name.lowercased() == first?.name.lowercased() { return (pin.description, host.port) }
        let redirected = (host.withPort == first?.withPort ? request.address : nil) ?? request.connectTo[host.withPort]
        return redirected.flatMap(URLHost.split) ?? (host.name, host.port)
    }

    func perform(
        _ request: ExchangeRequest, _ host: URLHost, _ target: Hop.Target, redirects: Int, cookies: [[CChar]], timeout: Duration
    ) async -> Hop.Ending {
        let verifier: PeerVerifier?
        let logins: Hop.Logins
        do throws(ExchangeFailure) {
            logins = try Hop.Logins(request, target)
            verifier =
                host.scheme == "https"
                ? PeerVerifier(host: host.name, settings: request.tls, trust: try request.tls.trustStore(of: trustStores)) : nil
        } catch { return Hop.Ending(failure: error) }
        guard
            let hop = Hop(
                request, host: host, target: target, verifier: verifier, logins: logins, redirects: redirects, cookies: cookies,
                timeout: timeout)
        else { return .failed(.invalidRequest, .resolve, "the URL, a header or an option is invalid") }
        let end = ContinuousClock.now + timeout
        let ending = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                hop.completion = { continuation.resume(returning: $0) }
                engine.submit(hop)
                // Cancelled before the hop was submitted.
                if Task.isCancelled { engine.cancel(hop) }
            }
        } onCancel: {
            engine.cancel(hop)
        }
        return await explaining(ending, request, host, target, until: end)
    }

    /// With TLS 1.3, a server rejects a client certificate only after the handshake and then closes. libcurl, which writes first, may then
    /// find the connection closed without reading the alert. A second connection that only reads receives it.
    private func explaining(
        _ ending: Hop.Ending, _ request: ExchangeRequest, _ host: URLHost, _ target: Hop.Target, until end: ContinuousClock.Instant
    ) async -> Hop.Ending {
        guard ending.report.response == nil, let kind = ending.report.failure?.kind, [.reset, .protocolViolation].contains(kind),
            ending.report.tls?.asksForCertificate ?? false, case .endpoint(let endpoint) = target
        else { return ending }
        var ending = ending
        do throws(ExchangeFailure) {
            let conversation = try await connect(to: endpoint, until: min(end, .now + .seconds(2)))
            try await conversation.startTLS(request.tls, host: host.name)
            _ = try await conversation.receive()
        } catch {
            if error.kind == .clientCertificateRequired { ending.report.failure = error }
        }
        return ending
    }
}

extension ExchangeFailure {
    static func forbidden(_ clause: String) -> ExchangeFailure { .init(kind: .forbidden, phase: .resolve, sentence: clause) }
}

extension ExchangeReport {
    /// Adds another hop: its response and peer replace the earlier ones, its durations are added.
    fileprivate mutating func add(_ hop: ExchangeReport) {
        let redirects = self.redirects
        let phases = self.phases.merging(hop.phases) { $0 + $1 }
        let address = self.address ?? hop.address
        let firstResolve = self.firstResolve ?? hop.phases[.resolve]
        self = hop
        self.redirects = redirects
        self.phases = phases
        self.address = address
        self.firstResolve = firstResolve
    }
}
