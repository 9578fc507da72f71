import Addresses
import HealthManager
import Transfers

/// One message to one server, and what it answers. Each way tells the run what went wrong, and then gives nil.
struct DNSExchange {
    let server: Endpoint
    /// As the target names it: what a certificate must bear.
    let host: String
    let options: DNSOptions
    let message: [UInt8]
    /// Most datagrams that answer something else: a server, or somebody in its place, that sends more is not waited for.
    private static let mostStrangers = 10_000

    // MARK: UDP

    func overUDP(_ run: inout TargetRun, _ facts: inout DNSFacts) async -> DNSAnswer? {
        let start = ContinuousClock.now
        let socket: Datagrams
        do throws(ExchangeFailure) {
            defer { facts.phases[.connect] = ContinuousClock.now - start }
            socket = try run.transfers.datagrams(to: server, from: options.address.source, until: run.deadline)
        } catch {
            run.fail(error)
            return nil
        }
        let asked = ContinuousClock.now
        var strangers = 0
        defer { facts.phases[.request] = ContinuousClock.now - asked }
        do throws(ExchangeFailure) {
            try socket.send(message)
            while true {
                let datagram = try await socket.receive()
                do throws(DNSAnswer.Unusable) {
                    let answer = try DNSAnswer(datagram, to: message)
                    run.pass(.connect, server.description, took: asked - start)
                    return answer
                } catch {
                    if case .stranger = error, strangers < Self.mostStrangers {
                        strangers += 1
                        continue
                    }
                    run.pass(.connect, server.description, took: asked - start)
                    guard case .malformed(let words) = error else {
                        run.fail(
                            .endpoint, .answerUnexpected, "over \(Self.mostStrangers) datagrams came, and none that answers the question",
                            took: ContinuousClock.now - asked)
                        return nil
                    }
                    run.fail(.endpoint, .answerUnexpected, Self.malformed, exception: words, took: ContinuousClock.now - asked)
                    return nil
                }
            }
        } catch {
            // The system tells of a refused datagram only when an answer is waited for.
            if error.phase != .connect { run.pass(.connect, server.description, took: asked - start) }
            let took = ContinuousClock.now - asked
            if error.kind == .timeout, strangers > 0 {
                run.fail(
                    .endpoint, .timeout, "\(strangers) datagram(s) came in time, and none that answers the question", took: took)
            } else {
                run.fail(error, took: took)
            }
            return nil
        }
    }

    // MARK: TCP and TLS

    func overTCP(_ run: inout TargetRun, _ facts: inout DNSFacts) async -> DNSAnswer? {
        guard let conversation = await connect(&run, &facts) else { return nil }
        let asked = ContinuousClock.now
        defer { facts.phases[.request] = ContinuousClock.now - asked }
        do throws(ExchangeFailure) {
            try await conversation.send([UInt8(message.count >> 8), UInt8(truncatingIfNeeded: message.count)] + message)
            let received = try await receive(conversation)
            guard let bytes = received.whole else {
                run.fail(
                    .endpoint, .answerUnexpected,
                    received.count == 0
                        ? "the server ended the connection without an answer"
                        : "the server ended the connection after \(received.count) bytes of its answer")
                return nil
            }
            do throws(DNSAnswer.Unusable) { return try DNSAnswer(bytes, to: message) } catch {
                switch error {
                case .stranger: run.fail(.endpoint, .answerUnexpected, "what the server sent does not answer the question")
                case .malformed(let words): run.fail(.endpoint, .answerUnexpected, Self.malformed, exception: words)
                }
            }
        } catch { run.fail(error) }
        return nil
    }

    private func connect(_ run: inout TargetRun, _ facts: inout DNSFacts) async -> Conversation? {
        let start = ContinuousClock.now
        defer { facts.phases[.connect] = ContinuousClock.now - start }
        do throws(ExchangeFailure) {
            let conversation = try await run.transfers.converse(with: server, from: options.address.source, until: run.deadline)
            run.pass(.connect, conversation.peer)
            if options.isTLS, await !run.startTLS(conversation, options.tls, host: host) { return nil }
            return conversation
        } catch {
            run.fail(error)
            return nil
        }
    }

    /// One message with its length before it; nil, and how many bytes came, where the peer ends the connection before.
    private func receive(_ conversation: Conversation) async throws(ExchangeFailure) -> (whole: [UInt8]?, count: Int) {
        var buffer: [UInt8] = []
        while true {
            if buffer.count >= 2 {
                let end = 2 + (Int(buffer[0]) << 8 | Int(buffer[1]))
                if buffer.count >= end { return (Array(buffer[2..<end]), end) }
            }
            let more = try await conversation.receive()
            if more.isEmpty { return (nil, buffer.count) }
            buffer += more
        }
    }

    private static let malformed = "the answer cannot be read: it is no well-formed DNS message"
}
