import FoundationEssentials
import Probing
import TestSupport
import Testing

/// Which certificates are valid for which names: as Go and `openssl verify -verify_hostname`, `-verify_ip` say.
@Suite struct PeerNameTests {
    /// The subject alternative name, the name or address asked for, and whether it matches.
    private static let rows: [(names: String, asked: String, matches: Bool)] = [
        ("DNS:127.0.0.1", "127.0.0.1", false), ("DNS:*.0.0.1", "127.0.0.1", false), ("IP:127.0.0.2", "127.0.0.1", false),
        ("IP:127.0.0.1", "127.0.0.1", true), ("IP:::1", "[::1]", true), ("IP:::1", "::1", true), ("DNS:\\:\\:1", "[::1]", false),
        ("IP:127.0.0.1", "localhost", false), ("URI:https\\://127.0.0.1/", "127.0.0.1", false),
        ("DNS:mail.example.test", ".example.test", false), ("DNS:*.example.test", ".example.test", false),
        ("DNS:mail.example.test", ".", false),
        ("DNS:mail.example.test", "mail.example.test", true), ("DNS:mail.example.test", "MAIL.Example.Test", true),
        ("DNS:MAIL.example.test", "mail.example.test.", true), ("DNS:mail.example.test", "example.test", false),
        ("DNS:*.example.test", "mail.example.test", true), ("DNS:*.example.test", "a.mail.example.test", false),
        ("DNS:*.example.test", "example.test", false), ("DNS:ma*.example.test", "mail.example.test", false),
        ("DNS:mail.*.test", "mail.example.test", false), ("DNS:*", "localhost", false),
        ("DNS:*.xn--bcher-kva.test", "mail.xn--bcher-kva.test", true), ("DNS:*.example.test", "xn--bcher-kva.example.test", true),
        ("DNS:xn--*.example.test", "xn--bcher-kva.example.test", false),
        ("email:mail@example.test", "mail@example.test", false),
    ]

    @Test("an address matches addresses alone, a name names alone; a wildcard is the whole of the first label", arguments: rows)
    func names(names: String, asked: String, matches: Bool) async throws {
        let certificates = try TestCertificates()
        let (server, root) = try await certificates.peer(names)
        let options: Written = [
            "tls": true, "tls_config": ["ca_file": .text(root.certificate), "server_name": .text(asked)],
        ]
        let run = try await KindRun("tcp", server.address, options)
        #expect(run.reason == (matches ? nil : .certificateNameMismatch), run.story)
        #expect(run.certificates.count == 1)
    }

    @Test(
        "an address as the target is held to the same, by every kind",
        arguments: [
            ("tcp", "127.0.0.1:"), ("http", "https://127.0.0.1:"), ("websocket", "wss://127.0.0.1:"), ("grpc", "127.0.0.1:"),
        ])
    func addresses(kind: String, target: String) async throws {
        let certificates = try TestCertificates()
        let (server, root) = try await certificates.peer("DNS:127.0.0.1, DNS:*.0.0.1")
        let trust: Written = ["ca_file": .text(root.certificate)]
        let options: Written = kind == "websocket" ? ["http_config": ["tls_config": trust]] : ["tls_config": trust]
        let isTLS = kind == "tcp" || kind == "grpc"
        let run = try await KindRun(kind, target + "\(server.port)", isTLS ? options.with("tls", true) : options)
        #expect(run.reason == .certificateNameMismatch && run.stage == .tls, run.story)
    }

    @Test("an IPv6 address as the target is held to the same", arguments: [("IP:::1", true), ("DNS:[\\:\\:1], DNS:localhost", false)])
    func addressOfSix(names: String, matches: Bool) async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", names, by: root)
        let server = try await TLSPeer.start(leaf.certificate, leaf.key, host: "::1")
        let trust: Written = ["ca_file": .text(root.certificate)]
        let plain = try await KindRun("tcp", "[::1]:\(server.port)", ["tls": true, "tls_config": trust])
        #expect(plain.reason == (matches ? nil : .certificateNameMismatch), plain.story)
        let web = try await KindRun("http", "https://[::1]:\(server.port)/", ["tls_config": trust])
        #expect(web.reason == (matches ? nil : .certificateNameMismatch), web.story)
    }

    @Test("a name with a zero byte in it is another name")
    func zeroByte() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let bytes = Array("localhost\0.example.test".utf8)
        let text = ([0x30, UInt8(bytes.count + 2), 0x82, UInt8(bytes.count)] + bytes).map {
            String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
        }
        let leaf = try await certificates.issue("leaf", "subjectAltName = DER:\(text.joined())", by: root)
        let server = try await TLSPeer.start(leaf.certificate, leaf.key)
        let run = try await KindRun("tcp", "localhost:\(server.port)", ["tls": true, "tls_config": ["ca_file": .text(root.certificate)]])
        #expect(run.reason == .certificateNameMismatch, run.story)
    }
}
