import Documents
import FoundationEssentials
import Outbound
import Probing
import Transfers

struct DomainExpiryProbe: TargetProbe {
    static let expiry = MetricDefinition(
        "probe_domain_expiry_timestamp_seconds", "Until when the domain is registered, as its registry says.", .both)

    let target: Target
    let options: DomainExpiryOptions
    let services: TargetServices

    func check(_ run: inout TargetRun, _ facts: inout NoFacts) async {
        guard let domain = HostName.ascii(authority: target.text), domain.contains("."), !domain.contains(":") else {
            return run.reject(.config, .targetInvalid, "the target must be a registered domain, such as fabrikam.com")
        }
        guard let server = server(of: domain, &run) else { return }
        var request = ExchangeRequest(
            url: server + (server.hasSuffix("/") ? "" : "/") + "domain/" + domain.lowercased(), deadline: run.deadline - .now,
            trust: options.tls.settings.trust)
        request.tls = options.tls.settings(on: run.day)
        request.headers = [HeaderField("Accept", "application/rdap+json"), HeaderField("User-Agent", services.userAgent)]
        request.redirects = .sameHost(maximum: 3)
        request.policy = target.policy
        request.proxy = URLHost(request.url).flatMap { options.proxy.route(to: $0) }
        let report = await run.transfers.exchange(request)
        if let failure = report.failure { return run.fail(failure, report.tls) }
        guard let response = report.response else { return }
        judge(response, &run)
    }

    private func server(of domain: String, _ run: inout TargetRun) -> String? {
        if let server = options.server { return server }
        do throws(RegistryDirectory.Unusable) {
            if let service = try RegistryDirectory(path: options.bootstrapFile).service(of: domain) { return service }
            let list = options.bootstrapFile ?? "the agent's own list: set 'bootstrapFile', or 'server'"
            run.reject(.config, .notObserved, "no RDAP service is known for this domain in \(list)")
        } catch { run.reject(.config, .credentialUnreadable, "the list of RDAP services cannot be used: \(error)") }
        return nil
    }

    private func judge(_ response: ExchangeResponse, _ run: inout TargetRun) {
        switch response.status {
        case 200: break
        case 404: return run.fail(.endpoint, .domainMissing, "the registry knows no such domain")
        case 429, 503:
            return run.reject(.endpoint, .endpointThrottled, "the registry answers no more requests for now: HTTP \(response.status)")
        default: return run.reject(.endpoint, .httpStatus, "the registry answered with HTTP \(response.status)")
        }
        let tree: JSONTree
        do throws(JSONFault) { tree = try JSONTree(response.body, within: .answer) } catch {
            return run.reject(.endpoint, .answerUnexpected, "the registry's answer is not valid JSON: \(error)")
        }
        let ends = (tree["events"]?.elements ?? []).filter { $0["eventAction"]?.text == "expiration" }
        guard tree["objectClassName"]?.text == "domain", let text = ends.first?["eventDate"]?.text, let end = JSONText.date(text) else {
            return run.reject(.endpoint, .answerUnexpected, "the registry's answer does not say when the domain expires")
        }
        run.observe(.measurement(Self.expiry(end)))
        let left = Duration.seconds(end.timeIntervalSince(run.date))
        run.sample(left.seconds / 86400)
        let day = end.formatted(.iso8601)
        if left <= .zero {
            run.fail(.endpoint, .domainExpired, "the registration expired on \(day)")
        } else if left < options.failBelow {
            run.fail(.endpoint, .domainExpiresVerySoon, "the registration expires on \(day)")
        } else if left < options.warnBelow {
            run.find(
                Finding(
                    .warning, stage: .endpoint, reason: .domainExpiresSoon, sentence: "\(target): the registration expires on \(day)"))
        } else {
            run.pass(.endpoint, "registered until \(day)")
        }
    }
}
