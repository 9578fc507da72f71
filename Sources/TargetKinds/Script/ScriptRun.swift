import Probing
import Transfers

/// Runs a script over a connection.
struct ScriptRun {
    private static let longestLine = 1 << 20

    let conversation: Conversation
    let tls: TLSOptions
    let host: String
    private var incoming: IncomingBytes
    private(set) var facts = ConversationFacts()

    init(_ conversation: Conversation, tls: TLSOptions, host: String) {
        self.conversation = conversation
        self.tls = tls
        self.host = host
        incoming = IncomingBytes(conversation)
    }

    /// - Returns: whether every step succeeded; otherwise the failure has been recorded in `run`.
    mutating func speak(_ script: Script, in run: inout TargetRun) async -> Bool {
        for (index, step) in script.steps.enumerated() {
            do throws(ExchangeFailure) {
                guard try await take(step, number: index + 1, &run) else { return false }
            } catch {
                run.fail(error)
                return false
            }
            guard step.startsTLS else { continue }
            // Clear text received after the STARTTLS response may be injected by an attacker: it must not be processed as TLS data.
            guard incoming.waiting == 0 else {
                run.fail(.tls, .tlsHandshakeFailed, "the server sent \(incoming.waiting) bytes in clear text after agreeing to TLS")
                return false
            }
            run.pass(.endpoint, "\(index + 1) step(s) in clear text")
            guard await run.startTLS(conversation, tls, host: host) else { return false }
        }
        if !script.steps.isEmpty { run.pass(.endpoint, "\(script.steps.count) step(s)") }
        return true
    }

    private mutating func take(_ step: Script.Step, number: Int, _ run: inout TargetRun) async throws(ExchangeFailure) -> Bool {
        var send = step.send
        switch step.expectation {
        case .line(let pattern):
            guard let match = try await line(matching: pattern) else {
                facts.failedByPattern = true
                run.fail(.endpoint, .answerUnexpected, "the connection was closed before a line matched '\(pattern.text)' (step \(number))")
                return false
            }
            send = match.expand(send)
            if !step.labels.isEmpty {
                facts.labels = Dictionary(step.labels.map { ($0.name, String(decoding: match.expand($0.template), as: UTF8.self)) }) { $1 }
            }
        case .bytes(let wanted):
            let came = try await incoming.bytes(wanted.count)
            guard came == wanted else {
                facts.failedByBytes = true
                run.fail(
                    .endpoint, .answerUnexpected,
                    "received \(came.count) bytes that differ from the \(wanted.count) expected (step \(number))")
                return false
            }
        case nil: break
        }
        guard !send.isEmpty else { return true }
        try await conversation.send(step.endsLine ? send + [UInt8(ascii: "\n")] : send)
        return true
    }

    private mutating func line(matching pattern: Pattern) async throws(ExchangeFailure) -> Pattern.Match? {
        while let line = try await incoming.line(longest: Self.longestLine, isPrompt: { pattern.matches($0) }) {
            if let match = pattern.match(line) { return match }
        }
        return nil
    }
}
