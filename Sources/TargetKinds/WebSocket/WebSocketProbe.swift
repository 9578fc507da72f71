import Addresses
import Documents
import Probing
import Transfers

struct WebSocketProbe: TargetProbe {
    let target: Target
    let options: WebSocketOptions
    let services: TargetServices

    func check(_ run: inout TargetRun, _ facts: inout WebSocketFacts) async {
        guard let url = WebSocketURL(target.text) else {
            return run.reject(.config, .targetInvalid, "a websocket target is a ws:// or wss:// URL without credentials and fragment")
        }
        let fields: [HeaderField]
        do throws(FileUnreadable) { fields = try options.fields(userAgent: services.userAgent) } catch {
            return run.reject(.config, error.isLocalLimit ? .systemRefused : .credentialUnreadable, error.description)
        }
        guard HeaderField.areSendable(fields) else {
            return run.reject(.config, .credentialUnreadable, "a file for a header contains a line break or another control character")
        }
        guard HeaderField.areSendable([HeaderField("Host", host(url))]) else {
            return run.reject(.config, .targetInvalid, "the hostname contains a line break or another control character")
        }
        let start = ContinuousClock.now
        guard let address = await run.resolve(url.host, options.address) else { return }
        let resolved = ContinuousClock.now
        facts.phases[.resolve] = resolved - start
        do throws(ExchangeFailure) {
            let conversation = try await run.transfers.connect(to: Endpoint(address, port: url.port), until: run.deadline)
            run.pass(.connect, conversation.peer)
            if url.isTLS, await !run.startTLS(conversation, options.tls, host: url.host) { return }
            let connected = ContinuousClock.now
            facts.phases[.connect] = connected - resolved
            guard var messages = try await upgrade(conversation, url, fields, &run, &facts) else { return }
            let upgraded = ContinuousClock.now
            facts.phases[.processing] = upgraded - connected
            // Counts as failed until the last step has succeeded.
            facts.failedByPattern = !options.steps.isEmpty
            guard try await exchange(&messages, &run) else { return await messages.close() }
            facts.failedByPattern = false
            facts.phases[.transfer] = ContinuousClock.now - upgraded
            await messages.close()
        } catch { run.fail(error) }
    }

    /// The value of the `Host` header.
    private func host(_ url: WebSocketURL) -> String { target.asciiHostname ?? url.authority }

    /// nil if the run ends here; the reason has then been recorded.
    private func upgrade(
        _ conversation: Conversation, _ url: WebSocketURL, _ fields: [HeaderField], _ run: inout TargetRun, _ facts: inout WebSocketFacts
    ) async throws(ExchangeFailure) -> WebSocketMessages? {
        let handshake = WebSocketHandshake()
        try await conversation.send(handshake.request(target: url.pathAndQuery, host: host(url), fields: fields))
        var incoming = IncomingBytes(conversation)
        guard let answer = try await WebSocketHandshake.answer(&incoming) else {
            run.fail(.endpoint, .httpMalformed, "incomplete HTTP/1.1 response to the upgrade")
            return nil
        }
        facts.status = answer.status
        guard answer.status == 101 else {
            let reason: Reason = (300...399).contains(answer.status) ? .httpRedirect : .httpStatus
            run.fail(.endpoint, reason, "the server responded to the upgrade with '\(answer.line)' instead of 101")
            return nil
        }
        if let fault = handshake.fault(of: answer, asked: fields) {
            run.fail(.endpoint, .httpMalformed, "invalid upgrade response: \(fault)")
            return nil
        }
        facts.isUpgraded = true
        run.pass(.endpoint, answer.line)
        return WebSocketMessages(conversation, incoming)
    }

    private func exchange(_ messages: inout WebSocketMessages, _ run: inout TargetRun) async throws(ExchangeFailure) -> Bool {
        for (index, step) in options.steps.enumerated() {
            var send = step.send
            if let pattern = step.expect {
                guard let match = try await expect(pattern, &messages, step: index + 1, &run) else { return false }
                send = match.expand(send)
            }
            if !send.isEmpty { try await messages.send(text: send) }
        }
        if !options.steps.isEmpty { run.pass(.endpoint, "\(options.steps.count) step(s)") }
        return true
    }

    private func expect(
        _ pattern: Pattern, _ messages: inout WebSocketMessages, step: Int, _ run: inout TargetRun
    ) async throws(ExchangeFailure) -> Pattern.Match? {
        let wanted = "a message that matches '\(pattern.text)' (step \(step))"
        switch try await messages.next() {
        case .message(let bytes):
            if let match = pattern.match(bytes) { return match }
            run.fail(.endpoint, .answerUnexpected, "received a message of \(bytes.count) bytes instead of \(wanted)")
        case .closed(let code, let reason):
            let words = [code.map(String.init) ?? "no code", reason].filter { !$0.isEmpty }.joined(separator: ", ")
            run.fail(.endpoint, .answerUnexpected, "the server closed the connection (\(words)) before \(wanted)")
        case .ended: run.fail(.endpoint, .connectionReset, "the connection was closed before \(wanted)")
        case .violation(let clause): run.fail(.endpoint, .answerUnexpected, "the server violated the protocol: \(clause)")
        }
        return nil
    }
}
