import FoundationEssentials
import NIOCore

/// One side of a mail protocol: what a server says to each line.
protocol MailDialogue {
    var greeting: String { get }

    /// - Parameter line: without its end.
    mutating func reply(to line: String) -> MailReply
}

/// What a mail server says to a line.
struct MailReply {
    /// With line ends; empty to wait for more.
    var text: String
    var closes = false

    init(_ lines: String..., closes: Bool = false) { self.init(lines: lines, closes: closes) }

    init(lines: [String], closes: Bool = false) {
        text = lines.map { $0 + "\r\n" }.joined()
        self.closes = closes
    }
}

/// Passes lines to a dialogue and its replies back.
final class MailHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let longestLine = 64 << 10

    private var dialogue: any MailDialogue
    private var waiting = ByteBuffer()

    init(_ dialogue: any MailDialogue) { self.dialogue = dialogue }

    func channelActive(context: ChannelHandlerContext) {
        say(dialogue.greeting + "\r\n", context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var came = unwrapInboundIn(data)
        waiting.writeBuffer(&came)
        while let end = waiting.readableBytesView.firstIndex(of: 0x0A) {
            let line = waiting.readString(length: end - waiting.readerIndex + 1) ?? ""
            let reply = dialogue.reply(to: String(line.dropLast(while: \.isNewline)))
            say(reply.text, context)
            if reply.closes { return context.close(promise: nil) }
        }
        if waiting.readableBytes > Self.longestLine { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func say(_ text: String, _ context: ChannelHandlerContext) {
        guard !text.isEmpty else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}

/// Who may log in to the lab's mail servers.
struct MailAccount: Sendable {
    let user: String
    let password: String

    /// - Parameter response: the answer to `AUTH PLAIN` in base64.
    func accepts(plain response: String) -> Bool {
        guard let bytes = Data(base64Encoded: response) else { return false }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\0", omittingEmptySubsequences: false).suffix(2) == [
            Substring(user), Substring(password),
        ]
    }
}

extension String {
    fileprivate func dropLast(while isDropped: (Character) -> Bool) -> Substring {
        var rest = self[...]
        while let last = rest.last, isDropped(last) { rest.removeLast() }
        return rest
    }
}
