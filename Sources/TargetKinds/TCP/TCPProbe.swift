import Addresses
import Probing
import Transfers

struct TCPProbe: TargetProbe {
    let target: Target
    let options: TCPOptions
    let services: TargetServices

    func check(_ run: inout TargetRun, _ facts: inout ConversationFacts) async {
        guard let (host, port) = URLHost.split(target.text) else {
            return run.reject(.config, .targetInvalid, "a tcp target is host:port")
        }
        guard let address = await run.resolve(host, options.address) else { return }
        let conversation: Conversation
        do throws(ExchangeFailure) {
            conversation = try await run.transfers.connect(
                to: Endpoint(address, port: port), from: options.address.source, until: run.deadline)
        } catch { return run.fail(error) }
        run.pass(.connect, conversation.peer)
        if options.beginsWithTLS, await !run.startTLS(conversation, options.tls, host: host) { return }
        var script = ScriptRun(conversation, tls: options.tls, host: host)
        _ = await script.speak(options.script, in: &run)
        facts = script.facts
    }
}
