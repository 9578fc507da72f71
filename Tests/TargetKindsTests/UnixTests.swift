import Addresses
import Certificates
import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

@Suite struct UnixTests {
    /// A socket in a directory of its own, whose one connection is served by `peer`.
    private final class UnixServer: Sendable {
        let directory: TemporaryDirectory
        let server: PythonServer
        var path: String { directory.path + "/s" }

        init(_ body: String, _ arguments: [String] = []) async throws {
            directory = try TemporaryDirectory()
            server = try await PythonServer(
                """
                listener = socket.socket(socket.AF_UNIX)
                listener.bind("\(directory.path)/s")
                listener.listen()
                ready(0)
                peer, _ = listener.accept()
                \(body)
                """, arguments)
        }
    }

    @Test("a socket that listens is enough; a conversation over it goes step by step, and its labels are told")
    func conversation() async throws {
        let plain = try await UnixServer("peer.recv(1)")
        let connected = try await KindRun("unix", plain.path)
        #expect(connected.result == .succeeded && connected.passed == "connect", connected.story)
        #expect(connected.conversation == ConversationFacts())

        let server = try await UnixServer(
            "peer.sendall(b'noise\\nhello 4.2\\n'); say('got', peer.recv(100)); peer.sendall(b'\\x00\\x01\\x02')")
        let run = try await KindRun(
            "unix", server.path,
            [
                "query_response": [
                    ["expect": "^hello ([0-9.]+)$", "send": "I saw $1", "labels": [["name": "version", "value": "v$1"]]],
                    ["expect_bytes": .binary([0, 1, 2])],
                ]
            ])
        #expect(run.result == .succeeded && run.passed == "connect endpoint", run.story)
        #expect(run.conversation?.labels == ["version": "v4.2"])
        #expect(await server.server.said("got b'I saw 4.2\\n'"))
    }

    @Test("a name without a file is connected to")
    func abstract() async throws {
        let name = "agent-test-\(UUID().uuidString)"
        let server = try await PythonServer(
            "listener = socket.socket(socket.AF_UNIX)\nlistener.bind('\\0\(name)')\nlistener.listen()\nready(0)\nlistener.accept()[0].recv(1)"
        )
        let run = try await KindRun("unix", "@\(name)")
        #expect(run.result == .succeeded, run.story)
        withExtendedLifetime(server) {}
    }

    @Test("each way not to be connected is told apart")
    func failures() async throws {
        let directory = try TemporaryDirectory()
        let missing = try await KindRun("unix", directory.path + "/none")
        #expect(
            missing.result == .failed && missing.reason == .connectRefused && missing.sentence.contains("there is no socket"), missing.story
        )

        let file = try directory.write("file", "")
        let noSocket = try await KindRun("unix", file)
        #expect(noSocket.reason == .connectRefused && noSocket.sentence.contains("nothing listens"), noSocket.story)

        let full = try await PythonServer(
            """
            listener = socket.socket(socket.AF_UNIX)
            listener.bind("\(directory.path)/full")
            listener.listen(0)
            waiting = [socket.socket(socket.AF_UNIX) for _ in range(9)]
            for one in waiting:
                one.setblocking(False)
                try: one.connect("\(directory.path)/full")
                except BlockingIOError: break
            ready(0)
            threading.Event().wait()
            """)
        let busy = try await KindRun("unix", directory.path + "/full")
        #expect(busy.reason == .connectTimeout && busy.sentence.contains("is full"), busy.story)
        withExtendedLifetime(full) {}

        for target in ["relative/path", "", "/", "@", "/nul\0byte"] {
            let run = try await KindRun("unix", target)
            #expect(run.result == .rejected && run.reason == .targetInvalid, run.story)
        }
        let long = try await KindRun("unix", "/" + String(repeating: "x", count: 200))
        #expect(long.result == .rejected && long.reason == .systemRefused && long.sentence.contains("too long"), long.story)
    }

    @Test("who may not probe this machine may not probe its sockets")
    func forbidden() async throws {
        let server = try await UnixServer("say('connected')")
        let policies = [
            AddressPolicy(allowed: [], denied: [], allowsLoopback: false),
            AddressPolicy(allowed: ["10.0.0.0/8"].compactMap { AddressRange($0) }, denied: [], allowsLoopback: true),
            AddressPolicy(allowed: [], denied: ["127.0.0.0/8"].compactMap { AddressRange($0) }, allowsLoopback: true),
        ]
        for policy in policies {
            let run = try await KindRun("unix", Target(server.path, policy: policy))
            #expect(run.result == .rejected && run.reason == .targetForbidden, run.story)
        }
        #expect(!server.server.program.errors.contains("connected"))
    }

    @Test("TLS over a socket: the name must be told, and is then verified; the certificate is kept either way")
    func tls() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", "DNS:mail.fabrikam.com", by: root)
        let body = """
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            try: context.wrap_socket(peer, server_side=True).sendall(b"welcome\\n")
            except Exception as error: say(error)
            """
        let options: Written = ["tls": true, "query_response": [["expect": "welcome"]]]
        let trust: Written = ["ca_file": .text(root.certificate), "server_name": "mail.fabrikam.com"]

        let good = try await UnixServer(body, [leaf.certificate, leaf.key])
        let run = try await KindRun("unix", good.path, options.with("tls_config", trust))
        #expect(run.result == .succeeded && run.passed == "connect tls endpoint", run.story)
        #expect(run.tls?.version == "TLS 1.3" && run.certificates.first?.names == ["mail.fabrikam.com"])

        let unnamed = try await KindRun("unix", good.path, options.with("tls_config", ["ca_file": .text(root.certificate)]))
        #expect(unnamed.result == .rejected && unnamed.reason == .configIncomplete, unnamed.story)
        #expect(unnamed.sentence.contains("tls_config.server_name"))

        let other = try await UnixServer(body, [leaf.certificate, leaf.key])
        let wrong = try await KindRun("unix", other.path, options.with("tls_config", trust.with("server_name", "web.fabrikam.com")))
        #expect(wrong.reason == .certificateNameMismatch && wrong.stage == .tls && wrong.certificates.count == 1, wrong.story)

        let third = try await UnixServer(body, [leaf.certificate, leaf.key])
        let insecure = try await KindRun("unix", third.path, options.with("tls_config", ["insecure_skip_verify": true]))
        #expect(insecure.result == .succeeded && insecure.tls?.lastChainExpiry == nil, insecure.story)
    }
}
