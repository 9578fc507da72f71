import Certificates
import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// Against gRPC's own server in Python, whose health service is served by hand-made bytes.
@Suite struct GRPCTests {
    /// - Parameters:
    ///   - certificate: with it, TLS.
    ///   - hasHealth: whether the health service is registered.
    private static func server(_ identity: TestCertificates.Identity? = nil, hasHealth: Bool = true) async throws -> PythonServer {
        try await PythonServer(
            """
            import concurrent.futures, grpc, time
            states = {"": 1, "good": 1, "bad": 2, "unknown": 0, "strange": 3, "odd": 7}
            def check(request, context):
                name = request[2:].decode()
                say("metadata", sorted((m.key, m.value) for m in context.invocation_metadata()))
                say("left", context.time_remaining())
                if name == "slow": time.sleep(30)
                if name == "denied": context.abort(grpc.StatusCode.PERMISSION_DENIED, "keine Erlaubnis für dich")
                if name == "empty": return b""
                if name == "noise": return b"\\xff\\xff"
                if name not in states: context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
                return bytes([8, states[name]])
            server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
            if \(hasHealth ? "True" : "False"):
                server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
                    "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)}),))
            if len(sys.argv) > 1:
                files = [open(name, "rb").read() for name in sys.argv[1:]]
                port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(files[1], files[0])]))
            else: port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            ready(port)
            server.wait_for_termination()
            """, identity.map { [$0.certificate, $0.key] } ?? [])
    }

    @Test("a server that serves: status OK, SERVING, both phases, no TLS")
    func serving() async throws {
        let server = try await Self.server()
        let run = try await KindRun("grpc", server.address)
        #expect(run.result == .succeeded && run.passed == "resolve connect endpoint", run.story)
        #expect(run.grpc?.status == 0 && run.grpc?.serving == .serving && run.grpc?.isTLS == false)
        #expect(run.grpc.map { Set($0.phases.keys) } == Set(GRPCFacts.Phase.allCases))
        #expect(run.certificates.isEmpty && run.tls == nil)
        let asURL = try await KindRun("grpc", "http://\(server.address)/", ["service": "good"])
        #expect(asURL.result == .succeeded, asURL.story)
    }

    @Test("each service has a state of its own; what is not SERVING fails with its reason")
    func services() async throws {
        let server = try await Self.server()
        let rows: [(String, Reason?, Int, GRPCFacts.Serving?, String)] = [
            ("good", nil, 0, .serving, ""), ("bad", .healthNotServing, 0, .notServing, "service 'bad' is NOT_SERVING, not SERVING"),
            ("unknown", .healthNotServing, 0, .unknown, "is UNKNOWN"),
            ("strange", .healthNotServing, 0, .serviceUnknown, "is SERVICE_UNKNOWN"),
            ("absent", .healthNotServing, 5, nil, "service 'absent' is unknown (NOT_FOUND)"),
            ("denied", .answerUnexpected, 7, nil, "PERMISSION_DENIED"),
            ("odd", .answerUnexpected, 0, nil, "is not a health check response"),
            ("noise", .answerUnexpected, 0, nil, "is not a health check response"), ("empty", .healthNotServing, 0, .unknown, "is UNKNOWN"),
        ]
        for (service, reason, status, state, words) in rows {
            let run = try await KindRun("grpc", server.address, ["service": .text(service)])
            #expect(run.reason == reason && run.grpc?.status == status && run.grpc?.serving == state, run.story)
            #expect(run.sentence.contains(words) && (reason == nil || run.stage == .endpoint), run.story)
            if service == "denied" { #expect(run.outcome.decisive?.exception == "keine Erlaubnis für dich") }
        }
    }

    @Test("a server without the health service is told apart")
    func unimplemented() async throws {
        let server = try await Self.server(hasHealth: false)
        let run = try await KindRun("grpc", server.address)
        #expect(run.reason == .answerUnexpected && run.grpc?.status == 12 && run.sentence.contains("UNIMPLEMENTED"), run.story)
    }

    @Test("the time of the run is the call's: the server is told, and a slow one costs no more")
    func deadline() async throws {
        let server = try await Self.server()
        let run = try await KindRun("grpc", server.address, ["service": "slow"], within: .milliseconds(500))
        #expect(run.result == .timeout && run.reason == .timeout && run.stage == .endpoint && run.grpc?.status == 4, run.story)
        #expect(await server.said("left 0."))
    }

    @Test("metadata goes along: several values, bytes, a credential")
    func metadata() async throws {
        let server = try await Self.server()
        let run = try await KindRun(
            "grpc", server.address,
            ["metadata": ["key1": ["value1", "value2"], "key2-bin": "test", "Authorization": "Bearer token"]])
        #expect(run.result == .succeeded, run.story)
        for pair in ["('key1', 'value1')", "('key1', 'value2')", "('key2-bin', b'test')", "('authorization', 'Bearer token')"] {
            #expect(await server.said(pair))
        }
        for name in ["te", "grpc-timeout", ":path", "a b"] {
            await #expect(throws: KindRun.Refused.self) {
                try await KindRun("grpc", server.address, ["metadata": .mapping([(name, .text("x"))])])
            }
        }
    }

    @Test("TLS: the certificate is kept whatever the verdict; the name is the module's, the caller's or the target's")
    func tls() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", "DNS:localhost, DNS:mail.fabrikam.com", by: root)
        let server = try await Self.server(leaf)
        let trust: Written = ["ca_file": .text(root.certificate)]
        let good = try await KindRun("grpc", "localhost:\(server.port)", ["tls": true, "tls_config": trust])
        #expect(good.result == .succeeded && good.passed == "resolve connect tls endpoint", good.story)
        #expect(good.grpc?.isTLS == true && good.grpc?.status == 0 && good.tls?.version == "TLS 1.3" && good.certificates.count == 1)

        let named = try await KindRun("grpc", server.address, ["tls": true, "tls_config": trust.with("server_name", "mail.fabrikam.com")])
        #expect(named.result == .succeeded, named.story)
        let asked = try await KindRun(
            "grpc", Target(server.address, hostname: "mail.fabrikam.com"), ["tls": true, "tls_config": trust])
        #expect(asked.result == .succeeded, asked.story)

        let wrong = try await KindRun("grpc", server.address, ["tls": true, "tls_config": trust])
        #expect(wrong.reason == .certificateNameMismatch && wrong.stage == .tls && wrong.certificates.count == 1, wrong.story)
        #expect(wrong.grpc?.status == 14 && wrong.grpc?.isTLS == false)
        let capped: Written = ["insecure_skip_verify": true, "max_version": "TLS12"]
        let unverified = try await KindRun("grpc", server.address, ["tls": true, "tls_config": capped])
        #expect(unverified.result == .succeeded && unverified.tls?.version == "TLS 1.2", unverified.story)
        #expect(unverified.tls?.lastChainExpiry == nil)

        let plain = try await KindRun("grpc", server.address)
        #expect(plain.result == .failed && plain.grpc?.status == 14 && plain.certificates.isEmpty, plain.story)
    }

    @Test("TLS asked of a server without it; nobody there; another protocol; a name that is none")
    func failures() async throws {
        let server = try await Self.server()
        let noTLS = try await KindRun("grpc", server.address, ["tls": true, "tls_config": ["insecure_skip_verify": true]])
        #expect(noTLS.result == .failed && noTLS.stage == .tls && noTLS.grpc?.status == 14 && noTLS.grpc?.isTLS == false, noTLS.story)
        #expect(noTLS.certificates.isEmpty && noTLS.tls?.version == nil)

        let nobody = try await KindRun("grpc", "127.0.0.1:\(FreePort.one())", ["service": "x"])
        #expect(nobody.reason == .connectRefused && nobody.grpc?.status == 14 && nobody.grpc?.phases[.check] != nil, nobody.story)

        // It reads to the end: a server that is gone while the client still sends would be a broken pipe.
        let web = try await PythonServer.serving(
            "peer.recv(1000); send(b'HTTP/1.1 400 Bad Request\\r\\nContent-Length: 0\\r\\n\\r\\n'); peer.shutdown(1); list(iter(lambda: peer.recv(1000), b''))"
        )
        let http = try await KindRun("grpc", web.address)
        #expect(http.reason == .httpMalformed && http.stage == .endpoint && http.grpc?.status == 14, http.story)

        let unknown = try await KindRun("grpc", String(repeating: "x", count: 64) + ".invalid:1")
        #expect(unknown.reason == .dnsFailed && unknown.grpc?.status == nil && unknown.grpc?.phases.isEmpty == true, unknown.story)
        for target in ["", "127.0.0.1:1/path", "user@127.0.0.1:1", "127.0.0.1:port"] {
            let run = try await KindRun("grpc", target)
            #expect(run.result == .rejected && run.reason == .targetInvalid, run.story)
        }
    }

    @Test(
        "HTTP/2 of another sort is no gRPC: status and body without gRPC's own",
        arguments: [("403", Reason.httpStatus, 7), ("404", .httpStatus, 12), ("503", .httpStatus, 14), ("200 hello", .httpMalformed, 2)])
    func otherService(answer: String, reason: Reason, status: Int) async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", by: root)
        let port = FreePort.one()
        let path = certificates.path
        let configuration = try certificates.directory.write(
            "nginx.conf",
            """
            daemon off;
            master_process off;
            pid \(path)/nginx.pid;
            events {}
            http {
              access_log off;
              client_body_temp_path \(path)/t1; proxy_temp_path \(path)/t2; fastcgi_temp_path \(path)/t3;
              uwsgi_temp_path \(path)/t4; scgi_temp_path \(path)/t5;
              server {
                listen 127.0.0.1:\(port) ssl http2;
                ssl_certificate \(leaf.certificate);
                ssl_certificate_key \(leaf.key);
                return \(answer);
              }
            }
            """)
        let nginx = try await ListeningProgram(
            "/usr/sbin/nginx", ["-c", configuration, "-e", "stderr"], port: port, directory: certificates.directory)
        let run = try await KindRun("grpc", "127.0.0.1:\(port)", ["tls": true, "tls_config": ["ca_file": .text(root.certificate)]])
        #expect(run.reason == reason && run.stage == .endpoint && run.grpc?.status == status && run.grpc?.isTLS == true, run.story)
        withExtendedLifetime(nginx) {}
    }
}
