import Certificates
import FoundationEssentials
import HealthManager
import Transfers

/// Stage by stage, from the configuration to the push service; the first failing stage ends the run.
struct PushConnectivityProbe: Probe {
    static let stages: [Stage] = [.config, .certificate, .metadata, .token, .resolve, .connect, .tls, .endpoint]

    let place: Place
    let copies: CopyReader
    let path: NetworkPath
    let options: PushConnectivityOptions

    private var configuration: AgentConfiguration { place.configuration }

    func run(_ context: RunContext) async -> Outcome {
        var log = StageLog()
        for finding in configurationFindings { log.find(finding) }
        guard !log.hasFailed else { return log.finished(Self.stages) }
        log.stage(.config, .passed, configuration.pushProxy.uri)

        // A server that does not show its copy in time leaves the time to ask those this probe is about.
        await checkCertificate(context.part(3), into: &log)
        guard !log.hasFailed else { return log.finished(Self.stages) }

        await readAuthServer(context, into: &log)
        guard !log.hasFailed else { return log.finished(Self.stages) }

        var token: String?
        if let credential = configuration.pushProxy.token {
            switch await TokenRequest(credential: credential, path: path).run(context, into: &log) {
            case .token(let text): token = text
            case .refused(let finding):
                log.find(finding)
                return log.finished(Self.stages)
            }
        } else {
            log.leaveOut("token: pushProxy.token is not configured")
        }
        await askEndpoint(token: token, context, into: &log)
        return log.finished(Self.stages)
    }

    // MARK: config

    private var configurationFindings: [Finding] {
        let push = configuration.pushProxy
        if push.organization.isEmpty { return [incomplete("pushProxy.organization")] }
        if push.uri.isEmpty { return [incomplete("pushProxy.uri")] }
        if !configuration.organization.isEmpty, !configuration.namesThisTenant(push.organization) {
            return [mismatch("pushProxy.organization is '\(push.organization)', which is none of this organization's domains")]
        }
        let cloud = Cloud(url: push.uri)
        for (key, url) in [
            ("authServer.metadataUrl", configuration.authServer?.metadataURL), ("pushProxy.token.endpoint", push.token?.endpoint),
        ] {
            guard let cloud, let url, let other = Cloud(url: url), other != cloud else { continue }
            return [mismatch("pushProxy.uri is in \(cloud.rawValue), \(key) in \(other.rawValue)")]
        }
        return []
    }

    private func incomplete(_ key: String) -> Finding {
        Finding(
            .failure, stage: .config, reason: .configIncomplete, sentence: "the push notifications proxy is enabled, but \(key) is empty")
    }

    private func mismatch(_ sentence: String) -> Finding { Finding(.failure, stage: .config, reason: .configMismatch, sentence: sentence) }

    // MARK: certificate

    private func checkCertificate(_ context: RunContext, into log: inout StageLog) async {
        let seen = await copies.look(context)
        let watcher = place.watchers["cert-expiry"]
        guard let current = seen.copies.first(where: { $0.slot == .current }) ?? seen.copies.first else {
            if seen.metadata?.finding?.reason == .metadataNoKeys {
                log.find(
                    Finding(
                        .failure, stage: .certificate, reason: .certificateMissing, sentence: seen.metadata?.finding?.sentence ?? "",
                        cause: watcher))
            } else {
                log.stage(.certificate, .notObserved)
                log.leaveOut("certificate: no copy can be seen from here")
            }
            return
        }
        let subject = "certificate \(current.facts.thumbprint) (\(current.whereabouts))"
        if current.facts.notAfter <= context.date {
            log.find(
                Finding(
                    .failure, stage: .certificate, reason: .certificateExpired,
                    sentence: "\(subject) \(current.facts.expiryText(at: context.date))",
                    cause: watcher, certificate: current.facts.thumbprint))
        } else if context.date < current.facts.notBefore {
            log.find(
                Finding(
                    .failure, stage: .certificate, reason: .certificateNotYetValid,
                    sentence: "\(subject) begins only on \(current.facts.notBefore.formatted(.iso8601))", cause: watcher,
                    certificate: current.facts.thumbprint))
        } else {
            log.stage(.certificate, .passed, current.facts.thumbprint.description)
        }
    }

    // MARK: metadata

    private func readAuthServer(_ context: RunContext, into log: inout StageLog) async {
        guard let url = configuration.authServer?.metadataURL else {
            log.leaveOut("metadata: authServer.metadataUrl is not configured")
            return
        }
        let sighting = await copies.metadata.fresh(.authServer(url: url), context)
        let time = sighting.report.phases.values.reduce(.zero, +)
        guard let finding = sighting.finding else { return log.stage(.metadata, .passed, took: time, url) }
        log.stage(.metadata, finding.severity == .unknown ? .notObserved : .failed, took: time)
        // The network and TLS stages of this probe are the push service's; what failed here is the metadata stage.
        log.find(
            Finding(
                finding.severity, stage: .metadata, reason: finding.reason, sentence: finding.sentence, exception: finding.exception,
                cause: place.watchers["metadata-reachability"]))
    }

    // MARK: resolve, connect, tls, endpoint

    private func askEndpoint(token: String?, _ context: RunContext, into log: inout StageLog) async {
        var request = path.request(toCloud: configuration.pushProxy.uri, context)
        if let token {
            request.method = .post
            request.headers += [HeaderField("Authorization", "Bearer \(token)"), HeaderField("Content-Type", options.contentType)]
            request.body = Array(options.body.utf8)
        } else {
            request.headers.append(HeaderField("Authorization", "Bearer"))
        }
        let report = await path.transfers.exchange(request)
        let judgement = ExchangeJudgement(report: report, peer: "the push service", application: .endpoint)
        judgement.record(in: &log)
        log.observe(judgement.peerCertificates + [judgement.phases])
        for warning in judgement.warnings { log.find(warning) }
        if let finding = judgement.finding { return log.find(finding) }
        guard let response = report.response else { return }
        log.stage(.endpoint, .passed, took: judgement.applicationTime, detail(response))
        guard token != nil, let finding = refusal(response, secret: token ?? "") else { return }
        log.find(finding)
    }

    private func detail(_ response: ExchangeResponse) -> String {
        guard let challenge = Challenge.bearer(in: response.values(of: "WWW-Authenticate")) else { return "status \(response.status)" }
        let shown = ["client_id", "trusted_issuers", "authorization_uri"].compactMap { name in
            challenge.parameters[name].map { "\(name)=\($0)" }
        }
        return (["status \(response.status)"] + shown).joined(separator: ", ")
    }

    private func refusal(_ response: ExchangeResponse, secret: String) -> Finding? {
        let (reason, clause): (Reason, String)
        switch response.status {
        case 200..<300: return nil
        case 300..<400: (reason, clause) = (.httpRedirect, "redirects, which a request with a token never follows")
        case 401, 403: (reason, clause) = (.endpointRefusedToken, "refused the token")
        case 429: (reason, clause) = (.endpointThrottled, "asks to come back later")
        case 500...: (reason, clause) = (.endpointUnavailable, "cannot serve")
        default: (reason, clause) = (.httpStatus, "gave an unexpected answer")
        }
        let diagnostics = Redaction(secrets: [secret]).firstLine(of: response.values(of: "x-ms-diagnostics").first ?? "")
        return Finding(
            .failure, stage: .endpoint, reason: reason, sentence: "the push service \(clause) (status \(response.status))",
            exception: diagnostics)
    }
}
