import Addresses
import Probing
import Transfers

struct UnixProbe: TargetProbe {
    let target: Target
    let options: UnixOptions
    let services: TargetServices

    /// The address that a Unix socket is treated as by address policies.
    private static let thisMachine = NetworkAddress("127.0.0.1")

    func check(_ run: inout TargetRun, _ facts: inout ConversationFacts) async {
        let path = target.text
        guard path.hasPrefix("/") || path.hasPrefix("@"), path.utf8.count > 1, !path.utf8.contains(0) else {
            return run.reject(.config, .targetInvalid, "a unix target is the absolute path of a socket, or '@' and a name")
        }
        if let address = Self.thisMachine, let refusal = target.policy.refusal(of: address) {
            return run.reject(.connect, .targetForbidden, "a Unix socket is treated as \(address), and \(refusal)")
        }
        guard !options.lacksName || target.hostname != nil else {
            return run.reject(
                .config, .configIncomplete,
                "TLS over a Unix socket needs 'tls_config.server_name', the name the certificate must be valid for, or 'insecure_skip_verify: true'"
            )
        }
        let conversation: Conversation
        do throws(ExchangeFailure) {
            conversation = try await run.transfers.connect(toUnixSocket: path, until: run.deadline)
        } catch { return run.fail(error) }
        run.pass(.connect, path)
        if options.beginsWithTLS, await !run.startTLS(conversation, options.tls, host: path) { return }
        var script = ScriptRun(conversation, tls: options.tls, host: path)
        _ = await script.speak(options.script, in: &run)
        facts = script.facts
    }
}
