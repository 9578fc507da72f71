package import HealthManager

/// Does what responders ask for: calls a webhook, runs a command.
package struct Responding: ResponderActing {
    private let webhook: WebhookCall
    private let command: CommandRun

    /// - Parameter executable: the agent's own, under which commands run; this process's unless told otherwise.
    package init(_ wayOut: WayOut, executable: String = "/proc/self/exe", time: any TimeSource) {
        webhook = WebhookCall(wayOut: wayOut, time: time)
        command = CommandRun(supervisor: [executable, "supervise"], time: time)
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
