import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

@Suite struct TCPConversationTests {
    private static let irc: Written = [
        "query_response": [
            ["send": "NICK prober"], ["send": "USER prober prober prober :prober"], ["expect": "PING :([^ ]+)", "send": "PONG ${1}"],
            ["expect": "^:[^ ]+ 001"],
        ]
    ]

    @Test("a dialogue like IRC's: what the server asks for is given back to it", arguments: [true, false])
    func irc(isWelcome: Bool) async throws {
        let server = try await PythonServer.serving(
            """
            say(request(), request())
            send(b":irc.test NOTICE AUTH :*** Looking up your hostname\\r\\n")
            send(b"PING :secret-\\xc3\\xa9\\r\\n")
            say("then", request())
            send(b":irc.test \(isWelcome ? "001" : "433") prober :hm\\r\\n")
            """)
        let run = try await KindRun("tcp", server.address, Self.irc)
        #expect(await server.said("over"))
        #expect(await server.said("b'NICK prober\\n' b'USER prober prober prober :prober\\n'"))
        #expect(await server.said("then b'PONG secret-\\xc3\\xa9\\n'"))
        #expect(run.conversation?.failedByPattern == !isWelcome)
        if isWelcome {
            #expect(run.result == .succeeded && run.passed == "resolve connect endpoint", run.story)
        } else {
            #expect(run.result == .failed && run.reason == .answerUnexpected && run.stage == .endpoint, run.story)
            #expect(run.sentence.contains("(step 4)"))
        }
    }

    @Test("a line is matched, its groups become labels; a reference without a group is empty")
    func labels() async throws {
        let options: Written = [
            "query_response": [
                [
                    "expect": "^SSH-([0-9.]+)-(?P<software>OpenSSH_[^ ]+)( .*)?$",
                    "labels": [
                        ["name": "protocol", "value": "$1"], ["name": "software", "value": "${software}"],
                        ["name": "mix", "value": "<$1x>${1}x $$ $9"], ["name": "fixed", "value": "yes"], ["name": "rest", "value": "$3"],
                    ],
                ]
            ]
        ]
        let server = try await PythonServer.serving("send(b'Welcome\\r\\nSSH-2.0-OpenSSH_9.2p1\\r\\n')")
        let run = try await KindRun("tcp", server.address, options)
        #expect(run.result == .succeeded, run.story)
        #expect(
            run.conversation?.labels == ["protocol": "2.0", "software": "OpenSSH_9.2p1", "mix": "<>2.0x $ ", "fixed": "yes", "rest": ""])

        let other = try await PythonServer.serving("send(b'220 mail\\r\\n')")
        let failed = try await KindRun("tcp", other.address, options)
        #expect(failed.reason == .answerUnexpected && failed.conversation?.labels == nil && failed.conversation?.failedByPattern == true)
    }

    @Test(
        "exactly the expected bytes must come, in however many segments; what comes after is left to the next step",
        arguments: [
            ("send(b'\\x05\\x00' + b'next\\n')", true), ("send(b'\\x05'); say('half'); lines.readline(); send(b'\\x00next\\n')", true),
            ("send(b'\\x05\\x01next\\n')", false), ("send(b'\\x05')", false), ("pass", false),
        ])
    func bytes(behaviour: String, isRight: Bool) async throws {
        let server = try await PythonServer.serving("say(request())\n\(behaviour)")
        // A second line of the client's lets the server send the other half only after the first has been waited for.
        let run = try await KindRun(
            "tcp", server.address,
            [
                "query_response": [
                    ["send": .binary([5, 1, 0, 10, 10])], ["expect_bytes": .binary([5, 0])], ["expect": "^next$"],
                ]
            ])
        #expect(await server.said("b'\\x05\\x01\\x00\\n'"))
        #expect(run.conversation?.failedByBytes == !isRight && run.conversation?.failedByPattern == false, run.story)
        #expect(run.result == (isRight ? .succeeded : .failed), run.story)
        if !isRight { #expect(run.reason == .answerUnexpected && run.sentence.contains("(step 2)"), run.story) }
    }

    @Test("text is sent as a line, binary data as it is")
    func sent() async throws {
        let server = try await PythonServer.serving(
            "say(peer.recv(9, socket.MSG_WAITALL)); peer.shutdown(socket.SHUT_WR); say(peer.recv(9))")
        let run = try await KindRun(
            "tcp", server.address,
            ["query_response": [["send": "text"], ["send": .binary(Array("bits".utf8))], ["expect": "."]]])
        #expect(run.reason == .answerUnexpected, run.story)
        #expect(await server.said("b'text\\nbits'"))
        #expect(await server.said("over"))
        #expect(await server.said("b''"))
    }

    @Test("a last line without an end counts; a line without end, and a connection that is cut, are told apart")
    func lines() async throws {
        let unfinished = try await PythonServer.serving("send(b'no end'); peer.shutdown(socket.SHUT_WR); peer.recv(1)")
        #expect(try await KindRun("tcp", unfinished.address, ["query_response": [["expect": "^no end$"]]]).result == .succeeded)

        let endless = try await PythonServer.serving("while True: send(b'x' * 65536)")
        let long = try await KindRun("tcp", endless.address, ["query_response": [["expect": "y"]]])
        #expect(long.reason == .httpTooLarge && long.stage == .endpoint, long.story)

        let large = try await PythonServer.serving("send(b'x' * 300000 + b'needle\\n')")
        #expect(try await KindRun("tcp", large.address, ["query_response": [["expect": "needle$"]]]).result == .succeeded)

        let cut = try await PythonServer.serving(
            "request(); peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); peer.close()")
        let reset = try await KindRun("tcp", cut.address, ["query_response": [["send": "x"], ["expect": "y"]]])
        #expect(reset.reason == .connectionReset && reset.stage == .endpoint, reset.story)
    }
}
