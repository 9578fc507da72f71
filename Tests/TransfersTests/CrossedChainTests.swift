import Glibc
import TestSupport
import Testing
import Transfers

/// A server that presents three certificates of the same issuer, each signed by another root; the third may only issue for clients.
@Suite struct CrossedChainTests {
    private static let certificates = """
        set -e
        key() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" "${@:2}" 2>/dev/null; }
        sign() { openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days "$3" -extfile "$4" -out "$5.pem" 2>/dev/null; }
        printf 'basicConstraints=critical,CA:TRUE\\n' > authority
        printf 'subjectAltName=IP:127.0.0.1\\n' > server
        for root in root other stranger; do key $root -x509 -days 30 -out $root.pem; done
        key middle -out middle.csr
        key leaf -out leaf.csr
        sign middle root 30 authority middle
        sign middle other 20 authority crossed
        printf 'basicConstraints=critical,CA:TRUE\nextendedKeyUsage=clientAuth\n' > clients
        sign middle stranger 20 clients limited
        sign leaf middle 30 server leaf
        cat leaf.key leaf.pem middle.pem crossed.pem limited.pem > chain.pem
        """

    private static let server = """
        import socket, ssl, sys
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
        listener = socket.create_server(("127.0.0.1", 0))
        print("port", listener.getsockname()[1], "end", file=sys.stderr, flush=True)
        while True:
            try:
                with context.wrap_socket(listener.accept()[0], server_side=True) as peer:
                    peer.recv(65536)
                    peer.sendall(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
            except OSError:
                pass
        """

    @Test(
        "either root verifies the leaf, and no other does",
        arguments: [("root", true), ("other", true), ("stranger", false)])
    func roots(root: String, isTrusted: Bool) async throws {
        let directory = try TemporaryDirectory()
        let made = try await Program.run("/bin/bash", ["-c", "cd \(directory.path); " + Self.certificates])
        #expect(made.status == 0, "\(made)")
        let server = try Program(Program.python, ["-c", Self.server, directory.path + "/chain.pem"])
        defer { server.send(SIGKILL) }
        try #require(await server.says("end"))
        let words = server.errors.split(whereSeparator: { $0 == " " || $0 == "\n" })
        let port = words[try #require(words.firstIndex(of: "port")) + 1]
        let trust = TrustedRoots(includesSystem: false, file: directory.path + "/\(root).pem")
        let report = await Transfers().exchange(ExchangeRequest(url: "https://127.0.0.1:\(port)/", deadline: .seconds(10), trust: trust))
        #expect(report.response?.status == (isTrusted ? 204 : nil), "\(String(describing: report.failure))")
        #expect(report.failure?.kind == (isTrusted ? nil : .certificateRejected))
        #expect(report.tls?.chain.map(\.isVerified) == [isTrusted, root == "root", root == "other", false])
    }
}
