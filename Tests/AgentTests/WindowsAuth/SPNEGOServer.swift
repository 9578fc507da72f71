import TestSupport

/// An HTTP server on loopback that asks for Windows authentication over one connection as IIS does: with pyspnego (NTLM) or MIT's library (Negotiate).
///
/// At `/again` it never takes a login, at `/gone` it closes the connection instead of going on with one.
enum SPNEGOServer {
    /// - Parameters:
    ///   - scheme: `NTLM` or `Negotiate`.
    ///   - tls: PEM files of certificate and key; nil for plain HTTP.
    ///   - bound: the certificate file to which a login must be bound (Extended Protection); empty for none.
    static func start(
        _ scheme: String, tls: TestCertificates.Identity? = nil, bound: String = "", environment: [String: String]
    ) async throws -> PythonServer {
        try await PythonServer(
            """
            import base64, gssapi, hashlib, http.server, spnego
            gssapi.SecurityContext.__DEFER_STEP_ERRORS__ = False
            scheme, certificate, key, bound = sys.argv[1:]
            binding = None
            if bound:
                der = ssl.PEM_cert_to_DER_cert(open(bound).read())
                binding = gssapi.raw.ChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(der).digest())

            def accept():
                if scheme == "NTLM": return spnego.server(protocol="ntlm")
                return gssapi.SecurityContext(usage="accept", channel_bindings=binding)

            class Handler(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                context = None

                def answer(self, status, challenge, body=b"please log in"):
                    self.send_response(status)
                    if challenge is not None: self.send_header("WWW-Authenticate", challenge)
                    self.send_header("Content-Length", len(body))
                    self.end_headers()
                    self.wfile.write(body)

                def do_GET(self):
                    said, _, token = self.headers.get("Authorization", "").partition(" ")
                    say("asked", said or "nothing")
                    if said.lower() != scheme.lower(): return self.answer(401, scheme)
                    if self.path == "/again":
                        # Whatever comes is answered by another challenge.
                        raw = base64.b64decode(token)
                        if raw[8] == 1: self.first = raw
                        reply = accept().step(self.first)
                        return self.answer(401, f"{scheme} {base64.b64encode(reply).decode()}")
                    if self.path == "/gone":
                        self.answer(401, scheme)
                        self.close_connection = True
                        return
                    if self.context is None:
                        self.context = accept()
                    try: reply = self.context.step(base64.b64decode(token))
                    except Exception as error:
                        say("refused", repr(error).replace("\\n", " "))
                        self.context = None
                        return self.answer(401, scheme)
                    if self.context.complete: self.answer(200, None, b"200 OK<br/>LOCALHOST")
                    else: self.answer(401, f"{scheme} {base64.b64encode(reply).decode()}")

                def log_message(self, *_): pass

            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            if certificate:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificate, key)
                server.socket = context.wrap_socket(server.socket, server_side=True)
            ready(server.server_port)
            server.serve_forever()
            """, [scheme, tls?.certificate ?? "", tls?.key ?? "", bound], python: Program.pythonWithPackages, environment: environment)
    }
}
