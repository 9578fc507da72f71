import Transfers

/// What a peer sends, taken line by line or in counted pieces. Bytes that came early stay here, whatever reads them next.
struct IncomingBytes {
    private let conversation: Conversation
    private var buffer: [UInt8] = []
    private var hasEnded = false

    init(_ conversation: Conversation) { self.conversation = conversation }

    /// Bytes received and not yet taken.
    var waiting: Int { buffer.count }

    /// Without its line end; what is left where the peer ends the connection, nil once nothing is.
    mutating func line(longest: Int) async throws(ExchangeFailure) -> [UInt8]? {
        var searched = 0
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                var line = Array(buffer[..<end])
                buffer.removeSubrange(...end)
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                return line
            }
            searched = buffer.count
            guard searched <= longest else {
                throw ExchangeFailure(kind: .bodyTooLarge, phase: .processing, sentence: "a line of over \(longest) bytes")
            }
            guard try await fill() else {
                defer { buffer = [] }
                return buffer.isEmpty ? nil : buffer
            }
        }
    }

    /// That many bytes; fewer where the peer ends the connection before.
    mutating func bytes(_ count: Int) async throws(ExchangeFailure) -> [UInt8] {
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
