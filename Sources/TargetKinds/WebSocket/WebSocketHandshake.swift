import Certificates
import FoundationEssentials
import Transfers

/// RFC 6455's way from HTTP/1.1 to messages.
struct WebSocketHandshake {
    struct Answer {
        var status: Int
        /// `404 Not Found`, as the server words it.
        var line: String
        var headers: [HeaderField]

        func values(_ name: String) -> [String] {
            headers.filter { $0.isNamed(name) }.flatMap { $0.value.lowercased().split(separator: ",") }
                .map { String($0.drop { $0 == " " }.prefix { $0 != " " }) }
        }
    }

    private static let mostBytes = 64 << 10

    /// Random for each connection: the answer must be to this very request.
    let key = Data((0..<16).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()

    /// What the server must answer the key with.
    var accept: String { Data(Digest.sha1(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))).base64EncodedString() }

    /// - Parameters:
    ///   - target: path and query.
    ///   - host: unless the fields bear a `Host` of their own.
    func request(target: String, host: String, fields: [HeaderField]) -> [UInt8] {
        var all = fields.filter { $0.isNamed("host") }
        if all.isEmpty { all = [HeaderField("Host", host)] }
        all += [
            HeaderField("Upgrade", "websocket"), HeaderField("Connection", "Upgrade"), HeaderField("Sec-WebSocket-Key", key),
            HeaderField("Sec-WebSocket-Version", "13"),
        ]
        all += fields.filter { !$0.isNamed("host") }
        let lines = ["GET \(target) HTTP/1.1"] + all.map { "\($0.name): \($0.value)" }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// The head of the server's answer; nil where that is no HTTP, or ends too early.
    static func answer(_ incoming: inout IncomingBytes) async throws(ExchangeFailure) -> Answer? {
        var left = mostBytes
        guard let first = try await incoming.line(longest: left) else { return nil }
        let words = String(decoding: first, as: UTF8.self).split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1].prefix(3)) else { return nil }
        var answer = Answer(status: status, line: String(words[1]), headers: [])
        while let line = try await incoming.line(longest: left) {
            if line.isEmpty { return answer }
            left -= line.count
            guard left > 0 else {
                throw ExchangeFailure(kind: .headersTooLarge, phase: .processing, sentence: "the answer's headers are larger than accepted")
            }
            if let field = HeaderField(line: String(decoding: line, as: UTF8.self)) { answer.headers.append(field) }
        }
        return nil
    }

    /// Why an answer of status 101 is not the one to this request; nil where it is.
    func fault(of answer: Answer, asked: [HeaderField]) -> String? {
        guard answer.values("upgrade").contains("websocket"), answer.values("connection").contains("upgrade") else {
            return "it does not say 'Upgrade: websocket' and 'Connection: Upgrade'"
        }
        // Base64 minds case.
        let accepted = answer.headers.filter { $0.isNamed("sec-websocket-accept") }.map(\.value)
        guard accepted == [accept] else { return "its Sec-WebSocket-Accept is not the answer to the key sent" }
        guard answer.values("sec-websocket-extensions").isEmpty else { return "it uses an extension that was not asked for" }
        let offered = asked.filter { $0.isNamed("sec-websocket-protocol") }.map { $0.value.lowercased() }.joined(separator: ",")
        let names = Set(offered.split(separator: ",").map { String($0.drop { $0 == " " }.prefix { $0 != " " }) })
        guard answer.values("sec-websocket-protocol").allSatisfy(names.contains) else {
            return "it speaks a protocol that was not asked for"
        }
        return nil
    }
}
