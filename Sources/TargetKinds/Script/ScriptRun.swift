import HealthManager
import Transfers

/// A script spoken over a conversation. Bytes that came early stay in the buffer, whatever reads them next.
struct ScriptRun {
    private static let longestLine = 1 << 20

    let conversation: Conversation
    let tls: TLSOptions
    let host: String
    private var buffer: [UInt8] = []
    private var hasEnded = false
    private(set) var facts = ConversationFacts()

    init(_ conversation: Conversation, tls: TLSOptions, host: String) {
        self.conversation = conversation
        self.tls = tls
        self.host = host
    }

    /// - Returns: whether every step went as written; `run` has been told else.
    mutating func speak(_ script: Script, in run: inout TargetRun) async -> Bool {
        for (index, step) in script.steps.enumerated() {
            do throws(ExchangeFailure) {
                guard try await take(step, number: index + 1, &run) else { return false }
            } catch {
                run.fail(error)
                return false
            }
            guard step.startsTLS else { continue }
            // What was sent in clear after the server's consent is not the server's: nothing of it may pass for TLS.
            guard buffer.isEmpty else {
                run.fail(.tls, .tlsHandshakeFailed, "the server sent \(buffer.count) bytes in clear after it had agreed to TLS")
                return false
            }
            run.pass(.endpoint, "\(index + 1) step(s) in clear")
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
                run.fail(.endpoint, .answerUnexpected, "the connection ended before a line matched '\(pattern.text)' (step \(number))")
                return false
            }
            send = match.expand(send)
            if !step.labels.isEmpty {
                facts.labels = Dictionary(step.labels.map { ($0.name, String(decoding: match.expand($0.template), as: UTF8.self)) }) { $1 }
            }
        case .bytes(let wanted):
            let came = try await bytes(wanted.count)
            guard came == wanted else {
                facts.failedByBytes = true
                run.fail(
                    .endpoint, .answerUnexpected,
                    "\(came.count) of the \(wanted.count) bytes came, or others than expected (step \(number))")
                return false
            }
        case nil: break
        }
        guard !send.isEmpty else { return true }
        try await conversation.send(step.endsLine ? send + [UInt8(ascii: "\n")] : send)
        return true
    }

    private mutating func line(matching pattern: Pattern) async throws(ExchangeFailure) -> Pattern.Match? {
        while let line = try await nextLine() {
            if let match = pattern.match(line) { return match }
        }
        return nil
    }

    /// Without its line end; nil once the peer has ended the connection.
    private mutating func nextLine() async throws(ExchangeFailure) -> [UInt8]? {
        var searched = 0
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                var line = Array(buffer[..<end])
                buffer.removeSubrange(...end)
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                return line
            }
            searched = buffer.count
            guard searched <= Self.longestLine else {
                throw ExchangeFailure(kind: .bodyTooLarge, phase: .processing, sentence: "a line of over \(Self.longestLine) bytes")
            }
            guard try await fill() else {
                defer { buffer = [] }
                return buffer.isEmpty ? nil : buffer
            }
        }
    }

    /// That many bytes; fewer where the peer ends the connection before.
    private mutating func bytes(_ count: Int) async throws(ExchangeFailure) -> [UInt8] {
        while buffer.count < count, try await fill() {}
        let taken = Array(buffer.prefix(count))
        buffer.removeFirst(taken.count)
        return taken
    }

    private mutating func fill() async throws(ExchangeFailure) -> Bool {
        if hasEnded { return false }
        let more = try await conversation.receive()
        hasEnded = more.isEmpty
        buffer += more
        return !hasEnded
    }
}
