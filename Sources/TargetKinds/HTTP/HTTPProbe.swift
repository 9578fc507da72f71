import Addresses
import Outbound
import Probing
import Transfers

struct HTTPProbe: Probe {
    static let mostRedirects = 10
    /// Maximum size, in bytes, of a body that is searched for patterns, if no limit is configured.
    static let mostKept = 16 << 20
    private static let mostHeaders = 1 << 20

    let target: Target
    let options: HTTPOptions
    let services: TargetServices
    let tokens: TokenCache

    /// The facts of one run, recorded whether it succeeds or fails.
    private struct Seen {
        var http = HTTPFacts()
        var phases = Observation.HTTPPhases()
    }

    func run(_ context: RunContext) async -> Outcome {
        var run = TargetRun(target, context, services)
        var seen = Seen()
        await probe(&run, &seen, context)
        run.measured(seen.http)
        run.observe(.httpPhases(seen.phases))
        return run.outcome
    }

    private func probe(_ run: inout TargetRun, _ seen: inout Seen, _ context: RunContext) async {
        guard var url = HTTPTarget.url(target.text), let host = URLHost(url) else {
            return run.reject(.config, .targetInvalid, "an http target is an http or https URL, or host[:port][/path]")
        }
        // As blackbox_exporter does it: there is no HTTP/3 without TLS.
        if options.version == .http3Only, url.hasPrefix("http://") { url = "https" + url.dropFirst("http".count) }
        guard var request = request(url, host, &run) else { return }
        let isResolved = request.resolvesForProxy || !isProxied(host)
        if isResolved {
            guard let address = await run.resolve(host.name, options.address) else {
                seen.phases[.resolve] = run.lookedUp
                return
            }
            request.pin = address
        }
        for phase in Observation.HTTPPhase.allCases { seen.phases[phase] = .zero }
        seen.phases[.resolve] = isResolved ? run.lookedUp : nil
        guard let bearer = await authorize(&request, &run, context) else { return }
        request.deadline = max(.milliseconds(1), ContinuousClock.now.duration(to: run.deadline))
        let report = await run.transfers.exchange(request)
        if report.response?.status == 401, let identity = bearer.identity { tokens.drop(identity) }
        tell(report, &run, &seen)
    }

    // MARK: The request

    private func isProxied(_ host: URLHost) -> Bool { options.proxy.route(to: host)?.applies(to: host.name) ?? false }

    /// nil if the run ends here; the reason has then been recorded.
    private func request(_ url: String, _ host: URLHost, _ run: inout TargetRun) -> ExchangeRequest? {
        var request = ExchangeRequest(url: url, deadline: .zero, trust: options.tls.settings.trust)
        do throws(Secret.Unreadable) {
            request.headers = try options.headers.fields()
            // A header of the module precedes its login, unless it is empty.
            if let field = try options.authorization.field(), options.headers.value(of: "Authorization")?.isEmpty ?? true {
                request.headers.removeAll { $0.isNamed("authorization") }
                request.headers.append(field)
            }
        } catch {
            run.reject(.config, error.isLocalLimit ? .systemRefused : .credentialUnreadable, error.clause)
            return nil
        }
        do throws(Secret.Unreadable) { request.body = try body() } catch {
            run.reject(.config, error.isLocalLimit ? .systemRefused : .configIncomplete, "'body_file': \(error.clause)")
            return nil
        }
        if case .windows(let login) = options.authorization {
            request.login = login
            request.headers.removeAll { $0.isNamed("authorization") }
        }
        request.method = options.method
        request.tls = options.tls.settings(on: run.day)
        setNames(&request)
        if !request.headers.contains(where: { $0.isNamed("user-agent") }) {
            request.headers.append(HeaderField("User-Agent", services.userAgent))
        }
        // As in Go: what describes the body is not the module's, and these are not sent without a value.
        request.headers.removeAll { field in
            ["Content-Length", "Transfer-Encoding", "Trailer"].contains { field.isNamed($0) }
                || field.value.isEmpty && ["Host", "User-Agent"].contains { field.isNamed($0) }
        }
        request.proxy = options.proxy.route(to: host)
        request.resolvesForProxy = !options.leavesNamesToProxy
        request.redirects = .follow(maximum: options.followsRedirects ? Self.mostRedirects : 0)
        request.keepsCookies = true
        request.version = options.version
        request.acceptedEncodings = options.compression?.undone
        request.asksForEncodings = false
        request.family = options.address.preference
        request.triesEveryAddress = false
        request.policy = target.policy
        request.keepsBody = options.readsBody
        request.bounds.headers = Self.mostHeaders
        request.bounds.body = options.bodyLimit ?? (options.readsBody ? Self.mostKept : Int.max)
        return request
    }

    private func body() throws(Secret.Unreadable) -> [UInt8]? {
        switch options.body {
        case .none: nil
        case .text(let bytes): bytes
        case .file(let path): try Secret.bytes(of: path, most: Self.mostKept)
        }
    }

    /// Sets `Host` and the TLS server name: from the caller, else as configured, else from the URL.
    private func setNames(_ request: inout ExchangeRequest) {
        if let hostname = target.asciiHostname {
            request.headers.removeAll { $0.isNamed("host") }
            request.headers.append(HeaderField("Host", hostname))
        }
        guard request.tls.serverName == nil, let named = target.asciiHostname ?? options.headers.value(of: "Host"), !named.isEmpty else {
            return
        }
        request.tls.serverName = URLHost("http://" + named)?.name
    }

    /// The token a request was sent with; `identity` is nil without one.
    private struct Bearer {
        var identity: OAuthClient.Identity?
    }

    /// Adds the token if the module uses OAuth; nil if the run ends here.
    private func authorize(_ request: inout ExchangeRequest, _ run: inout TargetRun, _ context: RunContext) async -> Bearer? {
        guard case .oauth(let client) = options.authorization else { return Bearer() }
        let secret: String
        do throws(Secret.Unreadable) { secret = try client.secret.read() } catch {
            run.reject(.config, error.isLocalLimit ? .systemRefused : .credentialUnreadable, error.clause)
            return nil
        }
        do throws(TokenCache.Failure) {
            let header = try await tokens.header(
                for: client, secret: secret, run.transfers, context, userAgent: services.userAgent, until: run.deadline)
            var field = HeaderField("Authorization", header)
            field.isSecret = true
            request.headers.removeAll { $0.isNamed("authorization") }
            request.headers.append(field)
        } catch {
            if error.severity == .unknown {
                run.reject(.token, error.reason, error.clause, exception: error.exception)
            } else {
                run.fail(.token, error.reason, error.clause, exception: error.exception)
            }
            return nil
        }
        run.pass(.token)
        return Bearer(identity: client.identity(secret: secret))
    }

    // MARK: The response

    static func isTLS(_ response: ExchangeResponse) -> Bool { URLHost(response.url)?.scheme == "https" }

    private func tell(_ report: ExchangeReport, _ run: inout TargetRun, _ seen: inout Seen) {
        seen.http = HTTPFacts(report, to: options.method)
        if options.hasExpressions { seen.http.failedByExpression = false }
        for (phase, duration) in report.phases {
            // Nobody has resolved the name for the only request.
            if phase == .resolve, seen.phases[.resolve] == nil, report.redirects == 0 || !options.followsRedirects { continue }
            // The duration of an unfinished phase is only reported by the stages.
            let unfinished = phase == report.failure?.phase ? report.unfinished : .zero
            let phase = phase.httpPhase
            seen.phases[phase] = (seen.phases[phase] ?? .zero) + duration - unfinished
        }
        run.observe(report.tls, declared: TLSFacts.metrics + [TLSFacts.cipher])
        let failed = report.response == nil ? report.failure?.phase : nil
        for (phase, stage, detail) in [(ExchangePhase.connect, Stage.connect, report.remoteAddress), (.tls, .tls, report.tls?.version)] {
            if let took = report.phases[phase], phase != failed { run.pass(stage, detail ?? "", took: took) }
        }
        let took = (report.phases[.processing] ?? .zero) + (report.phases[.transfer] ?? .zero)
        guard let response = report.response else {
            guard let failure = report.failure else { return run.fail(.endpoint, .httpMalformed, "no response was received") }
            return run.fail(failure, report.tls, took: report.phases[failure.phase])
        }
        // A body with another encoding than expected cannot be decoded.
        if options.compression?.fault(in: response) != nil { seen.http.bodyLength = 0 }
        switch HTTPJudgement(options: options, report: report, response: response).fault {
        case nil: run.pass(.endpoint, "status \(response.status)", took: took)
        case .unexpected(let reason, let sentence): run.fail(.endpoint, reason, sentence, took: took)
        case .pattern(let sentence):
            seen.http.failedByPattern = true
            run.fail(.endpoint, .answerUnexpected, sentence, took: took)
        case .expression(let sentence):
            seen.http.failedByExpression = true
            run.fail(.endpoint, .answerUnexpected, sentence, took: took)
        case .incomplete(let failure): run.fail(failure, report.tls, took: took)
        }
    }
}

extension TargetRun {
    /// How long resolving the target's name took; zero if it was not resolved.
    fileprivate var lookedUp: Duration {
        outcome.facts.lazy.compactMap { $0 as? ResolutionFacts }.first?.duration ?? .zero
    }
}
