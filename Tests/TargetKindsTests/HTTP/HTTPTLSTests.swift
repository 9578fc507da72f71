import Addresses
import FoundationEssentials
import Probing
import TestSupport
import Testing
import Transfers

@testable import TargetKinds

/// TLS as the options ask for it, against real servers.
@Suite struct HTTPTLSTests {
    private let site: HTTPSite

    init() throws { site = try HTTPSite() }

    private func trusting(_ certificate: TestCertificate, _ more: String = "") -> String {
        "tls_config: { ca_file: \(certificate.certificateFile)\(more.isEmpty ? "" : ", " + more) }\npreferred_ip_protocol: ip4"
    }

    @Test("a server with a trusted certificate is answered, and its session and certificates are told")
    func trusted() async throws {
        let certificate = try await TestCertificate()
        let server = try await WebServer(certificate)
        let seen = try await site.run("https://\(server.authority)/", trusting(certificate))
        #expect(seen.succeeded, "\(seen.sentence)")
        #expect(seen.http.isTLS && seen.tls?.version == "TLS 1.3" && seen.tls?.cipher?.hasPrefix("TLS_") == true)
        #expect(seen.certificates == 1 && seen.tls?.lastChainExpiry != nil)
        #expect(seen.phases[.tls] ?? .zero > .zero)
        #expect(seen.outcome.stages.map(\.stage) == [.resolve, .connect, .tls, .endpoint])
    }

    @Test("a certificate nobody vouches for fails and is told all the same; unless it is not to be verified")
    func untrusted() async throws {
        let server = try await WebServer(try await TestCertificate())
        let url = "https://\(server.authority)/"
        let seen = try await site.run(url)
        #expect(seen.reason == .certificateUntrusted && seen.stage == .tls && seen.certificates == 1 && seen.http == HTTPFacts())
        #expect(server.requests.isEmpty)
        let unverified = try await site.run(url, "tls_config: { insecure_skip_verify: true }")
        #expect(unverified.succeeded && unverified.certificates == 1 && unverified.tls?.lastChainExpiry == nil)
    }

    @Test("a certificate that bears the name as its common name alone does not bear it")
    func commonName() async throws {
        let certificate = try await TestCertificate(names: "")
        let server = try await WebServer(certificate)
        let seen = try await site.run("https://localhost:\(server.port)/", trusting(certificate))
        #expect(seen.reason == .certificateNameMismatch && seen.certificates == 1)
    }

    @Test("options of TLS mean nothing to a plain target")
    func plain() async throws {
        let server = try await WebServer()
        let options = "tls_config: { insecure_skip_verify: true, server_name: other }"
        #expect(try await site.run(server.authority, options).succeeded)
    }

    @Test(
        "whether the last answer came over TLS can be asked for and refused",
        arguments: [
            (false, "fail_if_ssl: true", true), (true, "fail_if_ssl: true", false), (false, "fail_if_not_ssl: true", false),
            (true, "fail_if_not_ssl: true", true),
        ])
    func demand(isTLS: Bool, option: String, succeeds: Bool) async throws {
        let certificate = try await TestCertificate()
        let server = try await WebServer(isTLS ? certificate : nil)
        let seen = try await site.run("\(isTLS ? "https" : "http")://\(server.authority)", trusting(certificate) + "\n" + option)
        #expect(seen.succeeded == succeeds && seen.http.isTLS == isTLS)
        if !succeeds { #expect(seen.reason == .answerUnexpected && !seen.http.failedByPattern) }
    }

    @Test("a redirect from plain HTTP to TLS is followed, and its session is the one told")
    func redirectToTLS() async throws {
        let certificate = try await TestCertificate()
        let (plain, secure) = (try await WebServer(), try await WebServer(certificate))
        let seen = try await site.run(
            "http://\(plain.authority)/?status=302&to=https://localhost:\(secure.port)/", trusting(certificate) + "\nfail_if_not_ssl: true")
        #expect(seen.succeeded && seen.http.redirects == 1 && seen.http.isTLS && seen.certificates == 1)
        #expect(secure.requests.first?.sni == "localhost")
    }

    @Test("a credential does not go on in clear where it was sent over TLS")
    func downgrade() async throws {
        let certificate = try await TestCertificate()
        let (plain, secure) = (try await WebServer(), try await WebServer(certificate))
        let seen = try await site.run(
            "https://127.0.0.1:\(secure.port)/?status=302&to=http://127.0.0.1:\(plain.port)/",
            trusting(certificate) + "\nbearer_token: mysecret")
        #expect(seen.succeeded && secure.requests.first?.headers["authorization"] == "Bearer mysecret")
        #expect(plain.requests.first?.headers["authorization"] == nil)
    }

    @Test(
        "the name asked for in the handshake is the option's, else the caller's, else the Host header's, else the target's",
        arguments: [
            ("localhost", nil, "", "", "localhost", nil), ("127.0.0.1", nil, "", "", "", nil),
            ("127.0.0.1", "mail.fabrikam.com", "", "", "mail.fabrikam.com", "mail.fabrikam.com"),
            ("127.0.0.1", nil, "", "headers: { host: 'mail.fabrikam.com:8443' }", "mail.fabrikam.com", "mail.fabrikam.com:8443"),
            ("127.0.0.1", nil, "server_name: mail.fabrikam.com", "", "mail.fabrikam.com", nil),
            ("localhost", "localhost", "server_name: mail.fabrikam.com", "", "mail.fabrikam.com", "localhost"),
            ("localhost", nil, "server_name: 127.0.0.1", "", "", nil),
        ] as [(String, String?, String, String, String, String?)])
    func serverName(host: String, hostname: String?, tls: String, more: String, sni: String, sent: String?) async throws {
        let certificate = try await TestCertificate()
        let server = try await WebServer(certificate)
        let seen = try await site.run(
            Target("https://\(host):\(server.port)/", hostname: hostname), trusting(certificate, tls) + "\n" + more)
        #expect(seen.succeeded, "\(seen.sentence)")
        #expect(server.requests.first?.sni == sni)
        #expect(server.requests.first?.headers["host"] == sent ?? "\(host):\(server.port)")
    }

    @Test("a name that the certificate does not bear fails, whoever gave it")
    func wrongName() async throws {
        let certificate = try await TestCertificate()
        let server = try await WebServer(certificate)
        let target = "https://localhost:\(server.port)/"
        #expect(try await site.run(target, trusting(certificate, "server_name: other.example")).reason == .certificateNameMismatch)
        let named = try await site.run(Target(target, hostname: "other.example"), trusting(certificate))
        #expect(named.reason == .certificateNameMismatch && named.certificates == 1)
    }

    @Test("a pinned address is asked for the target's name")
    func pinned() async throws {
        let certificate = try await TestCertificate()
        let server = try await WebServer(certificate)
        let target = Target("https://mail.fabrikam.com:\(server.port)/", address: NetworkAddress("127.0.0.1"))
        #expect(try await site.run(target, trusting(certificate)).succeeded)
        #expect(server.requests.first?.sni == "mail.fabrikam.com")
    }

    @Test(
        "HTTP/2 is spoken where the server offers it, unless it is switched off",
        arguments: [
            ("{}", "2", true), ("enable_http2: false", "1.1", true), ("valid_http_versions: [HTTP/2.0]", "2", true),
            ("valid_http_versions: [HTTP/1.1]", "2", false),
        ])
    func version(options: String, version: String, succeeds: Bool) async throws {
        let certificate = try await TestCertificate()
        let server = try await NginxServer(certificate)
        let more = options == "{}" ? "" : "\n" + options
        let seen = try await site.run("https://127.0.0.1:\(server.port)/", trusting(certificate) + more)
        #expect(seen.succeeded == succeeds, "\(seen.sentence)")
        #expect(seen.http.version == version && seen.http.bodyLength == 6 && seen.http.contentLength == 6)
    }

    @Test(
        "HTTP/3 is spoken where it is asked for, and certificates are judged as ever",
        .enabled(if: ExchangeRequest.Version.http3Only.isAvailable))
    func http3() async throws {
        let certificate = try await TestCertificate()
        let server = try await NginxServer(certificate, speaksHTTP3: true)
        let url = "https://127.0.0.1:\(server.port)/"
        let seen = try await site.run(url, trusting(certificate) + "\nenable_http3: true")
        #expect(seen.succeeded && seen.http.version == "3" && seen.http.bodyLength == 6, "\(seen.sentence)")
        let unknown = try await site.run(url, "enable_http3: true")
        #expect(unknown.reason == .certificateUntrusted, "\(unknown.sentence)")
    }

    @Test("nginx sends a compressed body to who asks for it, and a plain one else")
    func compression() async throws {
        let certificate = try await TestCertificate()
        let server = try await NginxServer(certificate)
        let url = "https://127.0.0.1:\(server.port)/large"
        let asked = try await site.run(url, trusting(certificate) + "\ncompression: gzip\nheaders: { Accept-Encoding: gzip }")
        #expect(asked.succeeded && asked.http.bodyLength == 5000 && asked.http.contentLength == -1)
        #expect(try await site.run(url, trusting(certificate) + "\ncompression: gzip").reason == .answerUnexpected)
        #expect(try await site.run(url, trusting(certificate)).http.contentLength == 5000)
    }

    @Test("TLS below 1.2 is spoken only where the options of that very target allow it")
    func oldTLS() async throws {
        let certificate = try await TestCertificate()
        let server = try await OldTLSServer(certificate)
        let url = "https://127.0.0.1:\(server.port)/"
        let refused = try await site.run(url, trusting(certificate))
        #expect(refused.reason == .tlsHandshakeFailed && refused.stage == .tls)
        let allowed = try await site.run(url, trusting(certificate, "min_version: TLS11"))
        #expect(allowed.succeeded && allowed.tls?.version == "TLS 1.1", "\(allowed.sentence)")
        #expect(try await site.run(url, trusting(certificate)).reason == .tlsHandshakeFailed, "the next one is refused as before")
    }

    @Test(
        "a key too weak for today is refused, also where an old version of TLS is allowed",
        arguments: ["", "min_version: TLS10"])
    func weakKey(option: String) async throws {
        let certificate = try await TestCertificate(key: "rsa:1024")
        let server = try await OldTLSServer(certificate, version: option.isEmpty ? "-tls1_2" : "-tls1_1")
        let seen = try await site.run("https://127.0.0.1:\(server.port)/", trusting(certificate, option))
        #expect(seen.reason == .keyTooSmall && seen.certificates == 1, "\(String(describing: seen.reason)) \(seen.sentence)")
    }
}
