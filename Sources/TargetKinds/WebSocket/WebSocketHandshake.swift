import Certificates
import FoundationEssentials
import Transfers

/// The opening handshake of RFC 6455.
struct WebSocketHandshake {
    struct Answer {
        var status: Int
        /// The status line without the version: `404 Not Found`.
        var line: String
        var headers: [HeaderField]

        func values(_ name: String) -> [String] {
            headers.filter { $0.isNamed(name) }.flatMap { $0.value.lowercased().split(separator: ",") }
                .map { String($0.drop { $0 == " " }.prefix { $0 != " " }) }
        }
    }

    private static let mostBytes = 64 << 10

    /// `Sec-WebSocket-Key`, random for each connection.
    let key = Data((0..<16).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()

    /// The `Sec-WebSocket-Accept` expected for the key.
    var accept: String { Data(Digest.sha1.of(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))).base64EncodedString() }

    /// - Parameters:
    ///   - target: path and query.
    ///   - host: used unless the fields contain a `Host`.
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

    /// The status line and headers of the server's response; nil if it is not HTTP/1 or is incomplete.
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
                throw ExchangeFailure(
                    kind: .headersTooLarge, phase: .processing, sentence: "the response headers are larger than \(mostBytes) bytes")
            }
            if let field = HeaderField(line: String(decoding: line, as: UTF8.self)) { answer.headers.append(field) }
        }
        return nil
    }

    /// Why a response with status 101 is not valid for this request; nil if it is.
    func fault(of answer: Answer, asked: [HeaderField]) -> String? {
        guard answer.values("upgrade").contains("websocket"), answer.values("connection").contains("upgrade") else {
            return "it does not contain 'Upgrade: websocket' and 'Connection: Upgrade'"
        }
        // Base64 is case-sensitive.
        let accepted = answer.headers.filter { $0.isNamed("sec-websocket-accept") }.map(\.value)
        guard accepted == [accept] else { return "its Sec-WebSocket-Accept does not match the key that was sent" }
        guard answer.values("sec-websocket-extensions").isEmpty else { return "it uses an extension that was not requested" }
        let offered = asked.filter { $0.isNamed("sec-websocket-protocol") }.map { $0.value.lowercased() }.joined(separator: ",")
        let names = Set(offered.split(separator: ",").map { String($0.drop { $0 == " " }.prefix { $0 != " " }) })
        guard answer.values("sec-websocket-protocol").allSatisfy(names.contains) else {
            return "it selects a subprotocol that was not requested"
        }
        return nil
    }
}
