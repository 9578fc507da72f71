import Probing
import TestSupport
import Testing

/// Each kind that speaks over a stream, against peers that say nothing, too little, or too much, and never end.
@Suite(.timeLimit(.minutes(2))) struct EndlessPeerTests {
    private static let kinds: [(kind: String, scheme: String, options: Written)] = [
        ("tcp", "", ["query_response": [["expect": "^never"]]]),
        ("tcp", "", ["query_response": [["send": .binary([1, 2]), "expect_bytes": .binary([3, 4, 5, 6])]]]),
        ("tcp", "", ["tls": true, "tls_config": ["insecure_skip_verify": true]]),
        ("websocket", "ws://", ["query_response": [["expect": "."]]]),
        ("websocket", "wss://", ["http_config": ["tls_config": ["insecure_skip_verify": true]]]), ("grpc", "", [:]),
        ("grpc", "", ["tls": true, "tls_config": ["insecure_skip_verify": true]]),
        ("dns", "", ["query_name": "x.test", "transport_protocol": "tcp"]), ("http", "http://", [:]),
        ("http", "https://", ["tls_config": ["insecure_skip_verify": true]]),
    ]

    private static let settings = "send(bytes(3) + b'\\4' + bytes(5))"

    /// What the peer does, and the reasons that tell of it.
    private static let peers: [(behaviour: String, reasons: Set<Reason>)] = [
        ("threading.Event().wait()", [.timeout]),
        ("while True: send(b'\\1'); threading.Event().wait(0.02)", [.timeout, .tlsHandshakeFailed, .httpMalformed, .answerUnexpected]),
        (
            "while True: send(b'hello\\r\\n' * 10000)",
            [.timeout, .httpTooLarge, .tlsHandshakeFailed, .httpMalformed, .answerUnexpected, .connectionReset]
        ),
        (
            "\(settings)\nwhile True: send((bytes(2) + b'\\x08\\6' + bytes(13)) * 1000)",
            [.timeout, .httpTooLarge, .tlsHandshakeFailed, .httpMalformed, .answerUnexpected, .connectionReset]
        ),
        (
            "\(settings)\nwhile True: send(b'\\0'); threading.Event().wait(0.02)",
            [.timeout, .tlsHandshakeFailed, .httpMalformed, .answerUnexpected]
        ),
    ]

    @Test("a run ends, and its reason tells what the peer did", arguments: kinds.indices, peers.indices)
    func ends(kind: Int, peer: Int) async throws {
        let (kind, scheme, options) = Self.kinds[kind]
        let server = try await PythonServer.serving(Self.peers[peer].behaviour)
        let run = try await KindRun(kind, scheme + server.address, options, within: .seconds(1))
        #expect(run.reason.map { Self.peers[peer].reasons.contains($0) } == true, run.story)
        #expect(run.result == (run.reason == .timeout ? .timeout : .failed), run.story)
    }
}
