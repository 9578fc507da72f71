import Addresses
import Probing
import Transfers

/// Sends one query to one server. Each transport records a failure in the run and then returns nil.
struct DNSExchange {
    let server: Endpoint
    /// The host in the target, for which a certificate must be valid.
    let host: String
    let options: DNSOptions
    let message: [UInt8]
    /// Maximum number of datagrams that do not answer the query; they may come from the server or be spoofed.
    private static let maxMismatchedReplies = 10_000

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
        var mismatchedReplies = 0
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
                    if case .mismatchedReply = error, mismatchedReplies < Self.maxMismatchedReplies {
                        mismatchedReplies += 1
                        continue
                    }
                    run.pass(.connect, server.description, took: asked - start)
                    guard case .malformed(let words) = error else {
                        run.fail(
                            .endpoint, .answerUnexpected,
                            "more than \(Self.maxMismatchedReplies) datagrams were received, but none answers the query",
                            took: ContinuousClock.now - asked)
                        return nil
                    }
                    run.fail(.endpoint, .answerUnexpected, Self.malformed, exception: words, took: ContinuousClock.now - asked)
                    return nil
                }
            }
        } catch {
            // The system reports a refused datagram only on receive.
            if error.phase != .connect { run.pass(.connect, server.description, took: asked - start) }
            let took = ContinuousClock.now - asked
            if error.kind == .timeout, mismatchedReplies > 0 {
                run.fail(
                    .endpoint, .timeout, "\(mismatchedReplies) datagram(s) were received in time, but none answers the query", took: took)
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
                        ? "the server closed the connection without a response"
                        : "the server closed the connection after \(received.count) bytes of its response")
                return nil
            }
            do throws(DNSAnswer.Unusable) { return try DNSAnswer(bytes, to: message) } catch {
                switch error {
                case .mismatchedReply: run.fail(.endpoint, .answerUnexpected, "the response does not match the query")
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
            let conversation = try await run.transfers.connect(to: server, from: options.address.source, until: run.deadline)
            run.pass(.connect, conversation.peer)
            if options.isTLS, await !run.startTLS(conversation, options.tls, host: host) { return nil }
            return conversation
        } catch {
            run.fail(error)
            return nil
        }
    }

    /// One length-prefixed message; nil, and the number of bytes received, if the peer closes the connection before it is complete.
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

    private static let malformed = "the response is not a well-formed DNS message"
}
