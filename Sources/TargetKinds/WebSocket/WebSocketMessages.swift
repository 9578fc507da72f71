import Transfers

/// WebSocket messages (RFC 6455) over an upgraded connection.
struct WebSocketMessages {
    enum Incoming {
        /// A complete text or binary message.
        case message([UInt8])
        /// The server sent a close frame, with its status code (`1000`) and reason.
        case closed(code: Int?, reason: String)
        /// The connection was closed without a close frame.
        case ended
        /// The server violated the protocol; one clause says how.
        case violation(String)
    }

    private enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10
    }

    private struct Frame {
        var opcode: Opcode
        var isLast: Bool
        var payload: [UInt8]
    }

    private enum Taken {
        case frame(Frame)
        case other(Incoming)
    }

    private static let largest = 1 << 20

    private let conversation: Conversation
    private var incoming: IncomingBytes

    init(_ conversation: Conversation, _ incoming: IncomingBytes) {
        self.conversation = conversation
        self.incoming = incoming
    }

    func send(text: [UInt8]) async throws(ExchangeFailure) { try await send(.text, text) }

    /// Sends a close frame without waiting for the response.
    func close() async { try? await send(.close, [0x03, 0xE8]) }

    /// The next message; pings received before it are answered.
    mutating func next() async throws(ExchangeFailure) -> Incoming {
        var message: [UInt8] = []
        var isUnderWay = false
        while true {
            let frame: Frame
            switch try await takeFrame(room: Self.largest - message.count) {
            case .frame(let taken): frame = taken
            case .other(let incoming): return incoming
            }
            switch frame.opcode {
            case .ping: try await send(.pong, frame.payload)
            case .pong: break
            case .close:
                let code = frame.payload.count >= 2 ? Int(frame.payload[0]) << 8 | Int(frame.payload[1]) : nil
                return .closed(code: code, reason: String(decoding: frame.payload.dropFirst(2), as: UTF8.self))
            case .continuation where !isUnderWay: return .violation("a continuation frame without a message")
            case .text where isUnderWay, .binary where isUnderWay: return .violation("a new message within a fragmented one")
            case .continuation, .text, .binary:
                message += frame.payload
                isUnderWay = true
                if frame.isLast { return .message(message) }
            }
        }
    }

    private mutating func takeFrame(room: Int) async throws(ExchangeFailure) -> Taken {
        try incoming.count("frames")
        let head = try await incoming.bytes(2)
        guard head.count == 2 else { return .other(.ended) }
        guard head[0] & 0x70 == 0, let opcode = Opcode(rawValue: head[0] & 0x0F) else {
            return .other(.violation("a frame with reserved bits or an unknown opcode"))
        }
        guard head[1] & 0x80 == 0 else { return .other(.violation("a masked frame, which only clients may send")) }
        let isLast = head[0] & 0x80 != 0
        var length = Int(head[1])
        let isControl = opcode.rawValue >= 8
        guard !isControl || (isLast && length <= 125) else { return .other(.violation("a control frame that is too long or fragmented")) }
        if length > 125 {
            let size = length == 126 ? 2 : 8
            let more = try await incoming.bytes(size)
            guard more.count == size else { return .other(.ended) }
            guard size == 2 || more[0] & 0x80 == 0 else { return .other(.violation("a frame of 2^63 bytes or more")) }
            length = more.reduce(0) { $0 << 8 | Int($1) }
        }
        guard isControl || length <= room else {
            throw ExchangeFailure(kind: .bodyTooLarge, phase: .processing, sentence: "a message is longer than \(Self.largest) bytes")
        }
        let payload = try await incoming.bytes(length)
        guard payload.count == length else { return .other(.ended) }
        return .frame(Frame(opcode: opcode, isLast: isLast, payload: payload))
    }

    /// Sends one masked frame, as required for clients.
    private func send(_ opcode: Opcode, _ payload: [UInt8]) async throws(ExchangeFailure) {
        var frame: [UInt8] = [0x80 | opcode.rawValue]
        switch payload.count {
        case ...125: frame.append(0x80 | UInt8(payload.count))
        case ...0xFFFF: frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: frame += [0x80 | 127] + (0..<8).map { UInt8(payload.count >> (56 - 8 * $0) & 0xFF) }
        }
        let mask = (0..<4).map { _ in UInt8.random(in: 0...255) }
        frame += mask
        frame += payload.enumerated().map { $1 ^ mask[$0 % 4] }
        try await conversation.send(frame)
    }
}
