package import HealthManager

/// Does what responders ask for: calls a webhook, runs a command.
package struct Responding: ResponderActing {
    private let webhook: WebhookCall
    private let command: CommandRun

    package init(_ wayOut: WayOut, time: any TimeSource) {
        webhook = WebhookCall(wayOut: wayOut, time: time)
        command = CommandRun(time: time)
    }

    package func act(_ responder: Responder, event: ResponderEvent) async -> ActionResult {
        switch responder.action {
        case .webhook(let url, let file):
            await webhook.call(url, authorizationFile: file, event: event, within: responder.timeout)
        case .command(let command):
            await self.command.run(command, event: event, within: responder.timeout)
        }
    }
}
