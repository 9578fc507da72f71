import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// HTTP/2 on the agent's own listener.
@Suite struct HTTP2Tests {
    private static let version = ["-w", "%{http_version}\n", "-o", "/dev/null", "--http2"]

    @Test(
        "a client may choose HTTP/2 where there is TLS, unless the file says otherwise",
        arguments: [("", ["--http2"], "2"), ("", ["--http1.1"], "1.1"), ("http_server_config: { http2: false }\n", ["--http2"], "1.1")])
    func choice(more: String, options: [String], expected: String) async throws {
        let site = try await WebSite()
        try site.write(WebStartTests.tls + more)
        let daemon = try await site.start()
        #expect(try await site.curl(daemon, "/metrics", ["-w", "%{http_version}"] + options) == expected)
    }

    @Test("requests of one connection are answered beside each other, an event stream among them")
    func streams() async throws {
        let site = try await WebSite()
        try site.write(WebStartTests.tls + WebSite.users)
        let daemon = try await site.start()
        let port = try #require(daemon.address.split(separator: ":").last)
        let base = "https://localhost:\(port)"
        // The event stream lasts until curl gives up; the others must be through by then, and are: it would wait for them otherwise.
        let ended = try await Program.run(
            "curl",
            [
                "-sS", "--cacert", site.certificates.path + "/root.pem", "-u", "dave:dave123", "--parallel", "--parallel-immediate", "-w",
                "%{http_version} %{http_code} %{num_connects}\n", "-o", "/dev/null", base + "/-/ready", "-o", "/dev/null",
                base + "/metrics", "-o", "/dev/null", base + "/nothing", "-o", "/dev/null", base + "/api/v1/probes",
            ])
        #expect(ended.status == 0, "\(ended.errors)")
        let lines = ended.output.split(separator: "\n")
        #expect(lines.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }.sorted() == ["2 200", "2 200", "2 200", "2 404"])
    }
}
