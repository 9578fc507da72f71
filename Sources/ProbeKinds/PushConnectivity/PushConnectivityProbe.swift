import Certificates
import FoundationEssentials
import Outbound
import Probing
import Transfers

/// Checks all stages in order, from the configuration to the push service; the first failing stage ends the run.
struct PushConnectivityProbe: Probe {
    static let stages: [Stage] = [.config, .certificate, .metadata, .token, .resolve, .connect, .tls, .endpoint]

    let place: Place
    let copies: CopyReader
    let path: NetworkPath
    let options: PushConnectivityOptions

    private var organization: Organization { place.organization }

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        let findings = configurationFindings
        for finding in findings { log.find(finding) }
        guard findings.isEmpty else { return log.finished(Self.stages) }
        log.stage(.config, .passed, organization.pushProxy.uri)
        organization.leaveOutTenant(in: &log)

        // Limited to a part of the time, so that a slow server leaves enough for the auth server and the push service.
        await checkCertificate(context.part(3), into: &log)
        guard !log.hasFailed else { return log.finished(Self.stages) }

        await readAuthServer(context, into: &log)
        guard !log.hasFailed else { return log.finished(Self.stages) }

        var token: String?
        if let credential = organization.pushProxy.token {
            switch await TokenRequest(credential: credential, path: path).run(context, into: &log) {
            case .token(let issued): token = issued.text
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
        let push = organization.pushProxy
        let (name, uri) = (
            organization.source(of: .pushProxy, "pushProxy.organization", inExchange: "Organization of OnPrem-Proxy"),
            organization.source(of: .pushProxy, "pushProxy.uri", inExchange: "Uri of OnPrem-Proxy")
        )
        let metadata = organization.source(of: .authServer, "authServer.metadataUrl", inExchange: "AuthMetadataUrl")
        guard push.enabled else {
            return [
                Finding(
                    .unknown, stage: .config, reason: .notObserved,
                    sentence:
                        "the push notifications proxy is disabled or absent in Exchange: if you do not use it, set pushProxy.enabled to false and run 'agent restart'"
                )
            ]
        }
        if push.organization.isEmpty { return [incomplete(name)] }
        if push.uri.isEmpty { return [incomplete(uri)] }
        for (key, url) in [(uri, push.uri), (metadata, organization.authServer?.metadataURL ?? "")] where !url.isEmpty {
            guard Text.isHTTPS(url) else { return [mismatch("\(key) is '\(url)', which is not an https URL")] }
        }
        if !organization.name.isEmpty, !organization.isThisTenant(push.organization) {
            return [mismatch("\(name) is '\(push.organization)', which is not one of this organization's domains")]
        }
        let cloud = Cloud(url: push.uri)
        // A file that others write must not send the token anywhere but to Microsoft.
        if organization.described?.values.contains(.pushProxy) == true, cloud == nil {
            return [mismatch("\(uri) is '\(push.uri)', which is not a host of Microsoft's clouds: no request is sent there")]
        }
        for (key, url) in [
            (metadata, organization.authServer?.metadataURL), ("pushProxy.token.endpoint", push.token?.endpoint),
        ] {
            guard let cloud, let url, let other = Cloud(url: url), other != cloud else { continue }
            return [mismatch("\(uri) is in \(cloud.name), but \(key) is in \(other.name)")]
        }
        return []
    }

    private func incomplete(_ key: String) -> Finding {
        Finding(
            .failure, stage: .config, reason: .configIncomplete, sentence: "the push notifications proxy is enabled, but \(key) is empty")
    }

    private func mismatch(_ sentence: String) -> Finding { Finding(.failure, stage: .config, reason: .configMismatch, sentence: sentence) }

    // MARK: certificate

    private func checkCertificate(_ context: RunContext, into log: inout RunRecorder) async {
        let seen = await copies.look(context)
        let watcher = place.watcher(CertificateExpiryKind.self)
        guard let current = seen.copies.first(where: { $0.slot == .current }) ?? seen.copies.first else {
            if seen.metadata?.finding?.reason == .metadataNoKeys {
                log.find(
                    Finding(
                        .failure, stage: .certificate, reason: .certificateMissing, sentence: seen.metadata?.finding?.sentence ?? "",
                        cause: watcher))
            } else {
                log.stage(.certificate, .notObserved)
                log.leaveOut("certificate: no copy could be read")
            }
            return
        }
        let subject = "certificate \(current.facts.thumbprint) (\(current.location))"
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
                    sentence: "\(subject) is not valid before \(current.facts.notBefore.formatted(.iso8601))", cause: watcher,
                    certificate: current.facts.thumbprint))
        } else {
            log.stage(.certificate, .passed, current.facts.thumbprint.description)
        }
    }

    // MARK: metadata

    private func readAuthServer(_ context: RunContext, into log: inout RunRecorder) async {
        guard let url = organization.authServer?.metadataURL else {
            log.leaveOut("metadata: authServer.metadataUrl is not configured")
            return
        }
        if organization.described?.values.contains(.authServer) == true, let mismatch = MetadataURL(url).mismatch(in: organization) {
            return log.find(mismatch)
        }
        let sighting = await copies.metadata.fresh(.authServer(url: url), context)
        let time = sighting.report.phases.values.reduce(.zero, +)
        guard let finding = sighting.finding else { return log.stage(.metadata, .passed, took: time, url) }
        log.stage(.metadata, finding.severity == .unknown ? .notObserved : .failed, took: time)
        // The network and TLS stages of this probe are those of the push service, so this failure belongs to the metadata stage.
        log.find(
            Finding(
                finding.severity, stage: .metadata, reason: finding.reason, sentence: finding.sentence, exception: finding.exception,
                cause: place.watcher(MetadataReachabilityKind.self)))
    }

    // MARK: resolve, connect, tls, endpoint

    private func askEndpoint(token: String?, _ context: RunContext, into log: inout RunRecorder) async {
        var request = path.request(toCloud: organization.pushProxy.uri, context)
        if let token {
            request.method = .post
            request.headers += [HeaderField("Authorization", "Bearer \(token)"), HeaderField("Content-Type", options.contentType)]
            request.body = Array(options.body.utf8)
        } else {
            request.headers.append(HeaderField("Authorization", "Bearer"))
        }
        let report = await path.transfers.exchange(request)
        let judgement = ExchangeJudgement(report: report, peer: "the push service (\(organization.pushProxy.uri))", application: .endpoint)
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
        case 300..<400: (reason, clause) = (.httpRedirect, "sent a redirect, which is never followed with a token")
        case 401, 403: (reason, clause) = (.endpointRefusedToken, "rejected the token")
        case 429: (reason, clause) = (.endpointThrottled, "throttles requests")
        case 500...: (reason, clause) = (.endpointUnavailable, "is unavailable")
        default: (reason, clause) = (.httpStatus, "sent an unexpected response")
        }
        let diagnostics = Redaction(secrets: [secret]).firstLine(of: response.values(of: "x-ms-diagnostics").first ?? "")
        return Finding(
            .failure, stage: .endpoint, reason: reason,
            sentence: "the push service (\(organization.pushProxy.uri)) \(clause) (status \(response.status))",
            exception: diagnostics)
    }
}
