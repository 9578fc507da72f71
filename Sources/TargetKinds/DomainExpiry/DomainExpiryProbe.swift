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
        guard let domain = DomainExpiryKind.domain(target.text) else {
            return run.reject(.config, .targetInvalid, "the target must be \(DomainExpiryKind.expected)")
        }
        // Registries limit requests: a forecast goes by what is known.
        if run.day != nil, let end = services.domainEnds[domain] { return judge(end, &run) }
        guard let server = server(of: domain, &run) else { return }
        var request = ExchangeRequest(
            url: server + (server.hasSuffix("/") ? "" : "/") + "domain/" + domain, deadline: run.deadline - .now,
            trust: options.tls.settings.trust)
        request.tls = options.tls.settings(on: run.day)
        request.headers = [HeaderField("Accept", "application/rdap+json"), HeaderField("User-Agent", services.userAgent)]
        request.redirects = .sameHost(maximum: 3)
        request.policy = target.policy
        request.proxy = URLHost(request.url).flatMap { options.proxy.route(to: $0) }
        let report = await run.transfers.exchange(request)
        if let failure = report.failure { return run.fail(failure, report.tls) }
        guard let response = report.response else { return }
        guard let end = end(of: domain, response, &run) else { return }
        services.domainEnds[domain] = end
        judge(end, &run)
    }

    var turns: [Date] {
        guard let end = DomainExpiryKind.domain(target.text).flatMap({ services.domainEnds[$0] }) else { return [] }
        return [end, end.addingTimeInterval(-options.failBelow.seconds), end.addingTimeInterval(-options.warnBelow.seconds)]
    }

    private func server(of domain: String, _ run: inout TargetRun) -> String? {
        if let server = options.server { return server }
        do throws(RegistryDirectory.Unusable) {
            if let service = try RegistryDirectory(path: options.bootstrapFile).service(of: domain) { return service }
            let list = options.bootstrapFile ?? "the agent's own list: set 'bootstrapFile', or 'server'"
            run.reject(.config, .notObserved, "no RDAP service is known for this domain in \(list)")
        } catch { run.reject(.config, .configIncomplete, "the list of RDAP services cannot be used: \(error)") }
        return nil
    }

    /// When the registration ends, as the registry says; nil if the run ends here.
    private func end(of domain: String, _ response: ExchangeResponse, _ run: inout TargetRun) -> Date? {
        switch response.status {
        case 200: break
        case 404:
            run.fail(.endpoint, .domainMissing, "the registry knows no such domain")
            return nil
        case 429, 503:
            run.reject(.endpoint, .endpointThrottled, "the registry answers no more requests for now: HTTP \(response.status)")
            return nil
        default:
            run.reject(.endpoint, .httpStatus, "the registry answered with HTTP \(response.status)")
            return nil
        }
        let tree: JSONTree
        do throws(JSONFault) { tree = try JSONTree(response.body, within: .answer) } catch {
            run.reject(.endpoint, .answerUnexpected, "the registry's answer is not valid JSON: \(error)")
            return nil
        }
        if let name = tree["ldhName"]?.text, DomainExpiryKind.domain(name) != domain {
            run.reject(.endpoint, .answerUnexpected, "the registry's answer is about \(name.shortened(to: 260))")
            return nil
        }
        let ends = (tree["events"]?.elements ?? []).filter { $0["eventAction"]?.text == "expiration" }
        guard tree["objectClassName"]?.text == "domain", let text = ends.first?["eventDate"]?.text, let end = JSONText.date(text) else {
            run.reject(.endpoint, .answerUnexpected, "the registry's answer does not say when the domain expires")
            return nil
        }
        return end
    }

    private func judge(_ end: Date, _ run: inout TargetRun) {
        run.observe(.measurement(Self.expiry(end)))
        for limit in Observation.thresholds(warn: options.warnBelow, fail: options.failBelow) { run.observe(limit) }
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
