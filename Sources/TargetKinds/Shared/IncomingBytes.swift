import Transfers

/// Reads lines or a given number of bytes from a connection. Bytes that were received early are kept for the next read.
///
/// The total number of bytes and pieces is bounded, so that a peer that never stops sending ends the dialogue.
struct IncomingBytes {
    private static let mostBytes = 16 << 20
    /// Maximum number of lines or frames.
    private static let mostPieces = 100_000
    /// How long a peer must be silent after an unterminated line until it may be a prompt.
    private static let quiet: Duration = .milliseconds(500)

    private let conversation: Conversation
    private var buffer: [UInt8] = []
    /// The position in the buffer of the first byte that has not been consumed.
    private var start = 0
    private var hasEnded = false
    private var received = 0
    private var pieces = 0

    init(_ conversation: Conversation) { self.conversation = conversation }

    /// The number of bytes received and not yet consumed.
    var waiting: Int { buffer.count - start }

    /// The next line, without its line break. If the peer closes the connection, the remaining bytes, then nil.
    ///
    /// - Parameter isPrompt: called with an unterminated line when the peer is silent; if it returns true, the line is returned as it is.
    mutating func line(longest: Int, isPrompt: (([UInt8]) -> Bool)? = nil) async throws(ExchangeFailure) -> [UInt8]? {
        try count("lines")
        var searched = 0
        // The length of the line for which isPrompt has returned false.
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
                throw ExchangeFailure(kind: .bodyTooLarge, phase: .processing, sentence: "a line is longer than \(longest) bytes")
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

    /// The given number of bytes; fewer if the peer closes the connection first.
    mutating func bytes(_ count: Int) async throws(ExchangeFailure) -> [UInt8] {
        while waiting < count, try await fill() == .more {}
        return take(min(count, waiting))
    }

    /// Counts one line or frame.
    /// - Throws: if there are too many.
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
        // Consumed bytes are removed for many pieces at a time, so that the cost per piece is constant.
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
        ExchangeFailure(kind: .bodyTooLarge, phase: .processing, sentence: "the peer sent more than \(amount)")
    }
}
