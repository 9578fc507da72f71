import Probing
import Transfers

/// What precedes TLS on a connection, in a protocol of text or bytes.
struct ClearTextDialogue {
    private static let longestLine = 16 << 10
    /// Of a text without lines.
    private static let longestText = 64 << 10
    private static let mostLines = 200

    private let conversation: Conversation
    /// The protocol that is spoken at present, in sentences.
    var name: String
    private var incoming: IncomingBytes

    init(_ conversation: Conversation, in name: String) {
        self.conversation = conversation
        self.name = name
        incoming = IncomingBytes(conversation)
    }

    /// Checks that nothing follows the agreement: clear text received then may be injected by an attacker, and must not count as TLS data.
    func end() throws(ExchangeFailure) {
        guard incoming.waiting > 0 else { return }
        throw ExchangeFailure(
            kind: .handshakeFailed, phase: .tls,
            sentence: "the server sent \(incoming.waiting) bytes in clear text after agreeing to TLS")
    }

    // MARK: Failures

    /// - Parameter said: what the server said instead; nil if it did not offer TLS among other things.
    func missing(_ said: String? = nil) -> ExchangeFailure {
        ExchangeFailure(
            kind: .startTLSMissing, phase: .processing,
            sentence: said.map { "the \(name) server refused TLS: \(PrintableText.line($0))" }
                ?? "the \(name) server does not offer TLS")
    }

    private func unknown(_ said: String) -> ExchangeFailure {
        ExchangeFailure(
            kind: .dialogueUnexpected, phase: .processing,
            sentence: said.isEmpty
                ? "the server closed the connection before it agreed to TLS"
                : "the server does not speak \(name): \(PrintableText.line(said))")
    }

    // MARK: Lines

    func send(_ line: String) async throws(ExchangeFailure) { try await send(text: line + "\r\n") }

    /// Sends the text as it is.
    func send(text: String) async throws(ExchangeFailure) { try await conversation.send(Array(text.utf8)) }

    private mutating func nextLine() async throws(ExchangeFailure) -> String {
        guard let line = try await incoming.line(longest: Self.longestLine) else { throw unknown("") }
        return String(decoding: line, as: UTF8.self)
    }

    /// Reads lines until one begins with the text, in any case.
    /// - Parameters:
    ///   - refusals: how the lines begin that mean that the server does not agree.
    ///   - skipping: how the lines begin that may precede it; nil if none may.
    /// - Returns: these lines.
    @discardableResult
    mutating func line(_ beginning: String, refusals: [String], skipping: String? = nil) async throws(ExchangeFailure) -> [String] {
        var skipped: [String] = []
        for _ in 0..<Self.mostLines {
            let line = try await nextLine()
            let upper = line.uppercased()
            if upper.hasPrefix(beginning) { return skipped }
            if refusals.contains(where: upper.hasPrefix) { throw missing(line) }
            guard let skipping, line.hasPrefix(skipping) else { throw unknown(line) }
            skipped.append(line)
        }
        throw unknown(skipped.first ?? "")
    }

    /// Sends a command, if there is one, and reads the reply: `250-` begins the first line, `250 ` the last one. In FTP, there may be any text between.
    /// - Returns: the lines.
    @discardableResult
    mutating func reply(_ code: Int, to command: String?) async throws(ExchangeFailure) -> [String] {
        if let command { try await send(command) }
        var lines: [String] = []
        for _ in 0..<Self.mostLines {
            let line = try await nextLine()
            lines.append(line)
            guard lines[0].prefix(3).allSatisfy(\.isNumber), lines[0].count >= 3 else { throw unknown(line) }
            if lines[0].dropFirst(3).first == "-", !line.hasPrefix(lines[0].prefix(3)) || line.dropFirst(3).first == "-" { continue }
            guard line.hasPrefix("\(code)") else { throw missing(line) }
            return lines
        }
        throw unknown(lines[0])
    }

    /// Reads messages of IRC until one has the number. Others, such as notices, may precede it; an error may not.
    mutating func numeric(_ number: String) async throws(ExchangeFailure) {
        for _ in 0..<Self.mostLines {
            let line = try await nextLine()
            let words = line.split(separator: " ")
            let command = words.first?.first == ":" ? words.dropFirst().first : words.first
            if command == number[...] { return }
            // 400 to 599 are errors, 691 is the one of this request.
            if let command, command == "ERROR" || command == "691" || command.count == 3 && "45".contains(command.first ?? " ") {
                throw missing(line)
            }
        }
        throw unknown("more than \(Self.mostLines) lines")
    }

    /// Reads until the text ends with one of the endings.
    mutating func text(until endings: [String]) async throws(ExchangeFailure) -> String {
        var text: [UInt8] = []
        repeat {
            let next = try await incoming.bytes(1)
            guard let byte = next.first, text.count < Self.longestText else {
                throw unknown(String(decoding: text.prefix(200), as: UTF8.self))
            }
            text.append(byte)
        } while text.last != UInt8(ascii: ">") || !endings.contains { text.suffix($0.utf8.count).elementsEqual($0.utf8) }
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: Proxy

    /// HTTP: asks a proxy to connect to a server.
    mutating func openTunnel(to authority: String, authorization: String?) async throws(ExchangeFailure) {
        let login = authorization.map { "Proxy-Authorization: \($0)\r\n" } ?? ""
        try await send(text: "CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\n\(login)\r\n")
        let status = try await nextLine()
        let words = status.split(separator: " ")
        guard status.hasPrefix("HTTP/1."), words.count >= 2, let code = Int(words[1]) else { throw unknown(status) }
        for number in 0..<Self.mostLines {
            if try await nextLine().isEmpty { break }
            if number == Self.mostLines - 1 { throw unknown("more than \(Self.mostLines) headers") }
        }
        if code == 407 { throw ExchangeFailure(kind: .proxyAuthentication, phase: .connect, sentence: "the proxy requires authentication") }
        guard (200..<300).contains(code) else {
            throw ExchangeFailure(
                kind: .proxyRefused, phase: .connect, sentence: "the proxy refused the connection", detail: PrintableText.line(status))
        }
    }

    // MARK: Bytes

    private mutating func bytes(_ count: Int) async throws(ExchangeFailure) -> [UInt8] {
        let bytes = try await incoming.bytes(count)
        guard bytes.count == count else { throw unknown(String(decoding: bytes, as: UTF8.self)) }
        return bytes
    }

    /// LDAP: an extended request (RFC 4511, 4.12), which is answered with a result code.
    mutating func extendedRequest(_ name: String) async throws(ExchangeFailure) {
        let name = Array(name.utf8)
        let operation: [UInt8] = [0x77, UInt8(name.count + 2), 0x80, UInt8(name.count)] + name
        try await conversation.send([0x30, UInt8(operation.count + 3), 0x02, 0x01, 0x01] + operation)
        guard try await bytes(1) == [0x30] else { throw unknown("no LDAP message") }
        var length = Int(try await bytes(1)[0])
        if length > 0x7f {
            guard (0x81...0x84).contains(length) else { throw unknown("no LDAP message") }
            length = try await bytes(length & 0x7f).reduce(0) { $0 << 8 | Int($1) }
        }
        guard length <= Self.longestText else { throw unknown("a message of \(length) bytes") }
        let message = try await bytes(length)
        // Message 1, then an extended response (0x78), which begins with the result code (0x0a).
        guard message.starts(with: [0x02, 0x01, 0x01, 0x78]), let code = message[4...].firstRange(of: [0x0a, 0x01]),
            code.upperBound < message.count
        else { throw unknown("no extended response") }
        let result = message[code.upperBound]
        guard result == 0 else { throw missing("result code \(result)") }
    }

    /// PostgreSQL: SSLRequest, which is answered with one letter.
    mutating func postgres() async throws(ExchangeFailure) {
        try await conversation.send([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
        switch try await bytes(1)[0] {
        case UInt8(ascii: "S"): return
        case UInt8(ascii: "N"): throw missing()
        case let other: throw unknown(String(decoding: [other], as: UTF8.self))
        }
    }

    /// MySQL and MariaDB: the server's first packet says what it can do; the client's first one asks for TLS.
    mutating func mysql() async throws(ExchangeFailure) {
        let head = try await bytes(4)
        let length = Int(head[0]) | Int(head[1]) << 8 | Int(head[2]) << 16
        guard length <= Self.longestText else { throw unknown("a packet of \(length) bytes") }
        let greeting = try await bytes(length)
        if greeting.first == 0xff { throw missing(String(decoding: greeting.dropFirst(3), as: UTF8.self)) }
        // Version 10, its name up to a zero byte, a thread's number (4), a challenge (8), a zero byte, then what it can do.
        guard greeting.first == 10, let end = greeting.firstIndex(of: 0), end + 15 < greeting.count else {
            throw unknown(String(decoding: greeting, as: UTF8.self))
        }
        let abilities = Int(greeting[end + 14]) | Int(greeting[end + 15]) << 8
        let (speaksTLS, protocol41, secureLogin) = (0x0800, 0x0200, 0x8000)
        guard abilities & speaksTLS != 0 else { throw missing() }
        let wanted = speaksTLS | protocol41 | secureLogin
        let utf8: UInt8 = 33
        let request = [UInt8(wanted & 0xff), UInt8(wanted >> 8), 0, 0] + [0, 0, 0, 1] + [utf8] + [UInt8](repeating: 0, count: 23)
        try await conversation.send([UInt8(request.count), 0, 0, 1] + request)
    }
}
