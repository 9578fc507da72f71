import Addresses
import Probing
import Transfers

struct DNSProbe: Probe {
    let target: Target
    let options: DNSOptions
    let question: DNSQuestion
    let services: TargetServices

    func run(_ context: RunContext) async -> Outcome {
        var run = TargetRun(target, context, services)
        var facts = DNSFacts()
        facts.asksForSerial = question.asksForSerial
        if let answer = await ask(&run, &facts) {
            facts.isAnswered = true
            facts.answers = answer.count(.answer)
            facts.authorities = answer.count(.authority)
            facts.additionals = answer.count(.additional)
            if question.asksForSerial { facts.serial = answer.serial }
            judge(answer, took: facts.phases[.request], &run)
        }
        run.measured(facts)
        return run.outcome
    }

    private func ask(_ run: inout TargetRun, _ facts: inout DNSFacts) async -> DNSAnswer? {
        guard let (host, port) = hostAndPort else {
            run.reject(.config, .targetInvalid, "a dns target is host or host:port; an IPv6 address with a port needs brackets")
            return nil
        }
        guard let address = await run.resolve(host, options.address) else { return nil }
        facts.phases[.resolve] = run.outcome.stages.last?.duration
        let exchange = DNSExchange(server: Endpoint(address, port: port), host: host, options: options, message: question.message())
        switch options.transport {
        case .udp: return await exchange.overUDP(&run, &facts)
        case .tcp: return await exchange.overTCP(&run, &facts)
        }
    }

    /// nil if the target is invalid.
    private var hostAndPort: (name: String, port: UInt16)? {
        if let whole = URLHost.split(target.text) { return whole }
        if let address = NetworkAddress(target.text) { return (address.description, options.defaultPort) }
        if target.text.isEmpty || target.text.contains(where: { ":[]/ ".contains($0) }) { return nil }
        return HostName.ascii(target.text).map { ($0, options.defaultPort) }
    }

    private func judge(_ answer: DNSAnswer, took: Duration?, _ run: inout TargetRun) {
        guard options.accepted.contains(answer.code) else {
            let accepted = options.accepted.map(\.description).sorted().joined(separator: ", ")
            return run.fail(.endpoint, .dnsRcode, "the server returned \(answer.code), accepted: \(accepted)", took: took)
        }
        for section in DNSAnswer.Section.allCases {
            guard let objection = options.rules[section]?.objection(to: answer.records[section] ?? []) else { continue }
            let hint = answer.isTruncated ? "; the response is truncated, use 'transport_protocol: tcp' for a complete one" : ""
            return run.fail(.endpoint, .answerUnexpected, "\(section.name) section: \(objection)\(hint)", took: took)
        }
        run.pass(
            .endpoint, "\(answer.code), \(answer.count(.answer)) answer record(s)\(answer.isTruncated ? ", truncated" : "")", took: took)
    }
}
