import TestSupport

/// A TLS server of Python's on loopback: it answers each client in turn, whatever it asks, until this value goes.
enum TLSPeer {
    /// - Parameters:
    ///   - certificate: a PEM file, the leaf first; it may be as weak as it likes.
    ///   - more: lines that set the server's `context`.
    static func start(_ certificate: String, _ key: String, more: String = "", host: String = "127.0.0.1") async throws -> PythonServer {
        try await PythonServer(
            """
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_ciphers("DEFAULT@SECLEVEL=0")
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            \(more)
            listener = listen(\(host.contains(":") ? "'\(host)', family=socket.AF_INET6" : "'\(host)'"))
            while True:
                peer, _ = listener.accept()
                try:
                    peer = context.wrap_socket(peer, server_side=True)
                    peer.recv(1000)
                    peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
                except Exception as error: say("error", error)
                peer.close()
            """, [certificate, key])
    }
}

extension TestCertificates {
    /// A server with a leaf for these names, as the subject alternative name has them, and the root that vouches for it.
    func peer(_ names: String = "DNS:localhost, IP:127.0.0.1", more: String = "") async throws -> (server: PythonServer, root: Identity) {
        let root = try await root("root")
        let leaf = try await leaf("leaf", names, by: root)
        return (try await TLSPeer.start(leaf.certificate, leaf.key, more: more), root)
    }
}
