package import Monitoring
package import Probing

/// Runs the actions of responders: calls webhooks and runs commands.
package struct ActionRunner: ResponderActing {
    private let webhook: WebhookCall
    private let command: CommandRun

    /// - Parameter executable: the agent executable, started with `supervise` for each command; by default that of this process.
    package init(_ client: OutboundClient, executable: String = "/proc/self/exe", time: any TimeSource) {
        webhook = WebhookCall(client: client, time: time)
        command = CommandRun(supervisor: [executable, "supervise"], time: time)
    }

    /// Calls the webhook or runs the command, within the responder's timeout.
    package func act(_ responder: Responder, event: ResponderEvent) async -> ActionResult {
        switch responder.action {
        case .webhook(let url, let file):
            await webhook.call(url, authorizationFile: file, event: event, within: responder.timeout)
        case .command(let command):
            await self.command.run(command, event: event, within: responder.timeout)
        }
    }
}
