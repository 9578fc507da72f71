import Probing
import Transfers

struct ICMPProbe: TargetProbe {
    let target: Target
    let options: ICMPOptions
    let services: TargetServices

    func check(_ run: inout TargetRun, _ facts: inout PingFacts) async {
        guard let host = HostName.ascii(target.text), !host.isEmpty, !host.contains("/"), !host.contains(where: \.isWhitespace) else {
            return run.reject(.config, .targetInvalid, "an icmp target is a host name or an address")
        }
        let start = ContinuousClock.now
        guard let address = await run.resolve(host, options.address) else { return }
        let resolved = ContinuousClock.now
        facts.phases[.resolve] = resolved - start
        do throws(ExchangeFailure) {
            let ping = try run.transfers.ping(address, options.ping, until: run.deadline)
            let opened = ContinuousClock.now
            facts.phases[.setup] = opened - resolved
            run.pass(.connect)
            try ping.send()
            facts.replyHopLimit = try await ping.reply()
            facts.phases[.rtt] = ContinuousClock.now - opened
            run.pass(.endpoint, facts.replyHopLimit.map { "hop limit \($0)" } ?? "")
        } catch { run.fail(error) }
    }
}
