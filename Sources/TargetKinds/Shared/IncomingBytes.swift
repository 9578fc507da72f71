import Transfers

/// What a peer sends, taken line by line or in counted pieces. Bytes that came early stay here, whatever reads them next.
///
/// All of it together is bounded: a peer that never stops talking ends the dialogue, and costs little until then.
struct IncomingBytes {
    private static let mostBytes = 16 << 20
    /// Lines or frames.
    private static let mostPieces = 100_000
    /// How long a peer says nothing after an unfinished line until that may be a prompt, which never gets its end.
    private static let quiet: Duration = .milliseconds(500)

    private let conversation: Conversation
    private var buffer: [UInt8] = []
    /// What stands before this in the buffer has been taken.
    private var start = 0
    private var hasEnded = false
    private var received = 0
    private var pieces = 0

    init(_ conversation: Conversation) { self.conversation = conversation }

    /// Bytes received and not yet taken.
    var waiting: Int { buffer.count - start }

    /// Without its line end; what is left where the peer ends the connection, nil once nothing is.
    ///
    /// - Parameter isPrompt: asked of a line without an end when the peer has fallen silent; one that is a prompt is taken as it is.
    mutating func line(longest: Int, isPrompt: (([UInt8]) -> Bool)? = nil) async throws(ExchangeFailure) -> [UInt8]? {
        try count("lines")
        var searched = 0
        // How much of the line has been found to be no prompt.
        var refused = 0
        while true {
            if let end = buffer[(start + searched)...].firstIndex(of: UInt8(ascii: "\n")) {
                var line = take(end - start)
                start += 1
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                return line
            }
            searched = waiting
            guard searched <= longest else {
                throw ExchangeFailure(kind: .bodyTooLarge, phase: .processing, sentence: "a line of over \(longest) bytes")
            }
            switch try await fill(within: isPrompt != nil && searched > refused ? Self.quiet : nil) {
            case .more: break
            case .silence:
                if isPrompt?(Array(buffer[start...])) ?? false { return take(searched) }
                refused = searched
            case .end: return searched == 0 ? nil : take(searched)
            }
        }
    }

    /// That many bytes; fewer where the peer ends the connection before.
    mutating func bytes(_ count: Int) async throws(ExchangeFailure) -> [UInt8] {
        while waiting < count, try await fill() == .more {}
        return take(min(count, waiting))
    }

    /// Counts one more line or frame.
    mutating func count(_ unit: String) throws(ExchangeFailure) {
        pieces += 1
        guard pieces <= Self.mostPieces else { throw Self.tooMuch("\(Self.mostPieces) \(unit)") }
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        defer { start += count }
        return Array(buffer[start..<(start + count)])
    }

    private enum Filling { case more, silence, end }

    private mutating func fill(within quiet: Duration? = nil) async throws(ExchangeFailure) -> Filling {
        if hasEnded { return .end }
        // What was taken is dropped many pieces at a time: each costs the same, however many came at once.
        if start == buffer.count || start > 64 << 10 {
            buffer.removeFirst(start)
            start = 0
        }
        let more: [UInt8]
        if let quiet {
            guard let came = try await conversation.receive(within: quiet) else { return .silence }
            more = came
        } else {
            more = try await conversation.receive()
        }
        hasEnded = more.isEmpty
        received += more.count
        guard received <= Self.mostBytes else { throw Self.tooMuch("\(Self.mostBytes) bytes") }
        buffer += more
        return hasEnded ? .end : .more
    }

    private static func tooMuch(_ amount: String) -> ExchangeFailure {
        ExchangeFailure(kind: .bodyTooLarge, phase: .processing, sentence: "the peer sent over \(amount), more than any dialogue needs")
    }
}
