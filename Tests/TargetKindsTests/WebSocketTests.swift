import Certificates
import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// Against Debian's `websockets`, and against peers that break the protocol.
@Suite struct WebSocketTests {
    private static func server(_ identity: TestCertificates.Identity? = nil) async throws -> PythonServer {
        try await PythonServer(
            """
            import asyncio, base64, http, websockets, websockets.legacy.server
            async def talk(peer, path):
                say("path", path, "headers", dict(peer.request_headers.raw_items()))
                if path == "/greet":
                    await peer.send("hello 4.2")
                    say("got", repr(await peer.recv()))
                    await peer.send(["frag", "ment", "ed"])
                    await peer.send(b"\\x00\\x01")
                    await (await peer.ping())
                    say("ponged")
                    await peer.send("x" * 70000)
                elif path == "/leave": await peer.close(1013, "come back later")
                elif path == "/silent": await peer.wait_closed()
                elif path == "/large": await peer.send("x" * (2 << 20))
                try:
                    async for message in peer: await peer.send("echo " + message)
                except websockets.ConnectionClosed: pass
                say("closed", peer.close_code)
            def context():
                if len(sys.argv) < 2: return None
                made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                made.load_cert_chain(sys.argv[1], sys.argv[2])
                return made
            async def check(path, headers):
                if path == "/forbidden" and headers.get("Authorization") != "Basic " + base64.b64encode("user:paßword".encode()).decode():
                    return (http.HTTPStatus.FORBIDDEN, [], b"no\\n")
                if path == "/moved": return (http.HTTPStatus.FOUND, [("Location", "/")], b"")
            async def main():
                async with websockets.legacy.server.serve(talk, "127.0.0.1", 0, ssl=context(), process_request=check, subprotocols=["chat"]) as server:
                    ready(server.sockets[0].getsockname()[1])
                    await asyncio.Future()
            asyncio.run(main())
            """, identity.map { [$0.certificate, $0.key] } ?? [])
    }

    @Test("an upgrade is enough; its phases, status and farewell")
    func upgrade() async throws {
        let server = try await Self.server()
        let run = try await KindRun("websocket", "ws://\(server.address)/chat?room=1&x=%20", ["headers": ["X-Own": "yes"]])
        #expect(run.result == .succeeded && run.passed == "resolve connect endpoint", run.story)
        #expect(run.webSocket?.status == 101 && run.webSocket?.isUpgraded == true && run.webSocket?.failedByPattern == false)
        #expect(run.webSocket.map { Set($0.phases.keys) } == Set(WebSocketFacts.Phase.allCases))
        #expect(await server.said("closed 1000"))
        let said = server.program.errors
        #expect(
            said.contains("path /chat?room=1&x=%20") && said.contains("'X-Own': 'yes'") && said.contains("'User-Agent': 'agent/test'"),
            "\(said)")
        #expect(said.contains("'Host': '\(server.address)'"), "\(said)")
    }

    @Test("a conversation: text both ways, fragments joined, binary messages, pings answered, large messages")
    func conversation() async throws {
        let server = try await Self.server()
        let run = try await KindRun(
            "websocket", "ws://\(server.address)/greet",
            [
                "query_response": [
                    ["expect": "^hello ([0-9.]+)$", "send": "I saw $1"], ["expect": "^fragmented$"], ["expect": "^\\x00\\x01$"],
                    ["expect": "^x+$"], ["send": .text(String(repeating: "y", count: 300))], ["expect": "^echo y{300}$"],
                    ["send": .text(String(repeating: "z", count: 70000))], ["expect": "^echo z+$"],
                ]
            ])
        #expect(run.result == .succeeded && run.webSocket?.failedByPattern == false, run.story)
        #expect(await server.said("closed 1000"))
        #expect(await server.said("got 'I saw 4.2'"))
        #expect(await server.said("ponged"))
    }

    @Test("what goes wrong after the upgrade is told apart, and counts as failed by what was said")
    func messages() async throws {
        let server = try await Self.server()
        let rows: [(String, Written, Reason, String)] = [
            (
                "/greet", [["expect": "^goodbye"]], .answerUnexpected,
                "received a message of 9 bytes instead of a message that matches '^goodbye'"
            ),
            ("/leave", [["expect": "."]], .answerUnexpected, "closed the connection (1013, come back later)"),
            ("/silent", [["expect": "."]], .timeout, "did not send the expected data in time"),
            ("/large", [["expect": "."]], .httpTooLarge, "longer than 1048576 bytes"),
        ]
        for (path, steps, reason, words) in rows {
            let run = try await KindRun("websocket", "ws://\(server.address)\(path)", ["query_response": steps], within: .seconds(1))
            #expect(run.reason == reason && run.stage == .endpoint && run.sentence.contains(words), run.story)
            #expect(run.webSocket?.isUpgraded == true && run.webSocket?.failedByPattern == true && run.webSocket?.phases[.transfer] == nil)
        }
    }

    @Test("answers other than an upgrade: refused, redirected; a login, a protocol and a hostname change them")
    func refused() async throws {
        let server = try await Self.server()
        let forbidden = try await KindRun("websocket", "ws://\(server.address)/forbidden")
        #expect(
            forbidden.reason == .httpStatus && forbidden.webSocket?.status == 403 && forbidden.webSocket?.isUpgraded == false,
            forbidden.story)
        #expect(forbidden.sentence.contains("'403 Forbidden'"))
        let moved = try await KindRun("websocket", "ws://\(server.address)/moved")
        #expect(moved.reason == .httpRedirect && moved.webSocket?.status == 302, moved.story)

        let directory = try TemporaryDirectory()
        let password = try directory.write("password", "paßword\n")
        let allowed = try await KindRun(
            "websocket", Target("ws://\(server.address)/forbidden", hostname: "chat.fabrikam.com"),
            [
                "http_config": ["basic_auth": ["username": "user", "password_file": .text(password)]],
                "headers": ["Sec-WebSocket-Protocol": "chat"],
            ])
        #expect(allowed.result == .succeeded, allowed.story)
        #expect(await server.said("'Host': 'chat.fabrikam.com'"))

        let unreadable = try await KindRun(
            "websocket", "ws://\(server.address)/", ["http_config": ["authorization": ["credentials_file": "/nowhere/token"]]])
        #expect(unreadable.result == .rejected && unreadable.reason == .credentialUnreadable, unreadable.story)
        let token = try await KindRun(
            "websocket", "ws://\(server.address)/token",
            ["http_config": ["bearer_token": "abc", "http_headers": ["X-Many": ["values": ["1", "2"], "secrets": ["3"]]]]])
        #expect(token.result == .succeeded, token.story)
        #expect(await server.said("'Authorization': 'Bearer abc'"))
    }

    @Test("wss: the certificate is verified and kept")
    func tls() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", "DNS:localhost", by: root)
        let server = try await Self.server(leaf)
        let options: Written = ["http_config": ["tls_config": ["ca_file": .text(root.certificate)]]]
        let run = try await KindRun("websocket", "wss://localhost:\(server.port)/", options)
        #expect(run.result == .succeeded && run.passed == "resolve connect tls endpoint", run.story)
        #expect(run.tls?.version == "TLS 1.3" && run.certificates.first?.names == ["localhost"])
        let wrong = try await KindRun("websocket", "wss://\(server.address)/", options)
        #expect(wrong.reason == .certificateNameMismatch && wrong.certificates.count == 1 && wrong.webSocket?.status == 0, wrong.story)
        let plain = try await KindRun("websocket", "ws://localhost:\(server.port)/")
        #expect(plain.result == .failed && plain.stage == .endpoint && plain.webSocket?.isUpgraded == false, plain.story)
    }

    /// The right answer to a handshake, with one thing to change.
    static let handshake = """
        import base64, hashlib
        key = b""
        while (line := request().strip()):
            if line.lower().startswith(b"sec-websocket-key:"): key = line.split(b":")[1].strip()
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        """

    @Test(
        "an upgrade that is none, and frames that break the protocol, are refused",
        arguments: [
            (
                "b'HTTP/1.1 101 Hm\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept.swapcase()", "",
                "Sec-WebSocket-Accept"
            ),
            ("b'HTTP/1.1 101 Hm\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept", "", "Upgrade: websocket"),
            ("good + b'\\r\\nSec-WebSocket-Extensions: permessage-deflate'", "", "extension"),
            ("good + b'\\r\\nSec-WebSocket-Protocol: chat'", "", "subprotocol that was not requested"),
            ("b'SSH-2.0-OpenSSH_9.2'", "", "incomplete HTTP/1.1 response"), ("good", "81 81 00 00 00 00 78", "masked"),
            ("good", "c1 00", "bits"),
            ("good", "83 00", "bits"), ("good", "80 00", "without a message"), ("good", "01 01 78 81 01 78", "within a fragmented one"),
            ("good", "09 00", "control frame"), ("good", "89 7e 00 7e", "control frame"), ("good", "81 7f ff ff ff ff ff ff ff ff", "2^63"),
            ("good", "81 05 78", "closed before"), ("good", "", "closed before"), ("good", "88 00", "no code"),
        ])
    func violations(answer: String, frames: String, words: String) async throws {
        let server = try await PythonServer.serving(
            """
            \(Self.handshake)
            good = b"HTTP/1.1 101 Hm\\r\\nupgrade: WebSocket\\r\\nconnection: keep-alive, upgrade\\r\\nsec-websocket-accept: " + accept
            send(\(answer) + b"\\r\\n\\r\\n" + bytes.fromhex("\(frames)"))
            peer.shutdown(socket.SHUT_WR)
            peer.recv(1000)
            """)
        let run = try await KindRun("websocket", "ws://\(server.address)/", ["query_response": [["expect": "."]]])
        #expect(run.result == .failed && run.stage == .endpoint && run.sentence.contains(words), run.story)
        #expect(run.webSocket?.isUpgraded == (answer == "good"))
    }

    @Test("targets and options that cannot be used are refused, in words")
    func bad() async throws {
        for target in [
            "127.0.0.1:80", "http://127.0.0.1/", "ws://", "ws://user@127.0.0.1/", "ws://127.0.0.1/#part", "ws://127.0.0.1/a b",
            "ws://127.0.0.1:x/",
        ] {
            let run = try await KindRun("websocket", target)
            #expect(run.result == .rejected && run.reason == .targetInvalid, run.story)
        }
        let injected = try await KindRun(
            "websocket", Target("ws://127.0.0.1:\(FreePort.one())/", hostname: "a\r\n\r\nPOST /-/restart HTTP/1.1"))
        #expect(injected.result == .rejected && injected.reason == .targetInvalid && injected.passed.isEmpty, injected.story)
        let rows: [(Written, String)] = [
            (["headers": ["Upgrade": "x"]], "the handshake sets it itself"), (["headers": ["X": "a\r\nB: c"]], "cannot be sent"),
            (["http_config": ["oauth2": [:]]], "unknown key 'oauth2'"),
            (["http_config": ["bearer_token": "x", "basic_auth": ["username": "x"]]], "mutually exclusive"),
            (["http_config": ["basic_auth": ["password": "x", "password_file": "y"]]], "mutually exclusive"),
            (["query_response": [["starttls": true]]], "unknown key 'starttls'"),
            (["query_response": [["expect": "("]]], "not a valid regular expression"),
            (["source_ip_address": "127.0.0.1"], "unknown key"),
        ]
        for (options, sentence) in rows {
            do {
                _ = try await KindRun("websocket", "ws://127.0.0.1/", options)
                Issue.record("accepted: \(sentence)")
            } catch let refused as KindRun.Refused {
                #expect(refused.description.contains(sentence), "\(refused)")
            }
        }
    }
}
