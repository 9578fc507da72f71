import FoundationEssentials
import TestSupport

/// What the differential test probes: nginx with good and bad certificates, a name server, and a few lines of Python, on free ports of loopback.
final class ProbeTargets: Sendable {
    struct NotStarted: Error { var errors: String }

    let directory: TemporaryDirectory
    /// By name, as the requests write them: `{http}`.
    let ports: [String: Int]
    private let programs: [Program]

    private static let names = [
        "http", "tls", "tls2", "expired", "wrongname", "selfsigned", "chat", "silent", "closed", "starttls", "dns", "reset", "grpc",
    ]

    init() async throws {
        directory = try TemporaryDirectory()
        let picked = try await Program.run(Program.python, ["-c", Self.portPicker, String(Self.names.count)])
        let numbers = picked.output.split(separator: "\n").compactMap { Int($0) }
        ports = Dictionary(uniqueKeysWithValues: zip(Self.names, numbers))
        try directory.write("certificates.sh", Self.certificates)
        let made = try await Program.run("sh", [directory.path + "/certificates.sh", directory.path])
        guard made.status == 0 else { throw NotStarted(errors: made.errors) }
        try directory.write("nginx.conf", Self.filled(Self.nginx, ports, directory.path))
        try directory.write("www/plain.txt", "Hello, this is a page of some length.\n")
        try directory.write("www/page.html", "<html>" + String(repeating: "word ", count: 400) + "</html>\n")
        try directory.write("nsd.conf", Self.filled(Self.nsd, ports, directory.path))
        try directory.write("zone", Self.zone)
        try directory.write("chat.py", Self.filled(Self.chat, ports, directory.path))
        programs = [
            try Program("nginx", ["-c", directory.path + "/nginx.conf", "-e", directory.path + "/error.log", "-p", directory.path]),
            try Program("nsd", ["-d", "-c", directory.path + "/nsd.conf"]),
            try Program(Program.python, [directory.path + "/chat.py"]),
        ]
        let awaited = ports.filter { !["closed", "grpc"].contains($0.key) }.map { String($0.value) }
        let up = try await Program.run(Program.python, ["-c", Self.waiter] + awaited)
        guard up.status == 0 else { throw NotStarted(errors: up.errors + programs.map(\.errors).joined(separator: "\n")) }
    }

    deinit { for program in programs { program.send(15) } }

    /// A text with `{http}` and the like replaced by ports, and `{dir}` by the directory.
    func filled(_ text: String) -> String { Self.filled(text, ports, directory.path) }

    private static func filled(_ text: String, _ ports: [String: Int], _ directory: String) -> String {
        var filled = text.replacing("{dir}", with: directory)
        for (name, port) in ports { filled = filled.replacing("{\(name)}", with: String(port)) }
        return filled
    }

    private static let portPicker = """
        import socket, sys
        held = [socket.socket() for _ in range(int(sys.argv[1]))]
        for s in held: s.bind(("127.0.0.1", 0))
        for s in held: print(s.getsockname()[1])
        """

    private static let waiter = """
        import socket, sys, time
        end = time.monotonic() + 20
        for port in sys.argv[1:]:
            while True:
                try: socket.create_connection(("127.0.0.1", int(port)), 2).close(); break
                except OSError as e:
                    if time.monotonic() > end: sys.exit(f"nothing listens on {port}: {e}")
        """

    /// A root and an intermediate, and leaves for each way to be wrong.
    private static let certificates = """
        set -e
        cd "$1"
        mkdir -p ca && : > ca/index && echo 1000 > ca/serial
        cat > ca.conf <<END
        [ca]
        default_ca = it
        [it]
        dir = ca
        database = ca/index
        new_certs_dir = ca
        serial = ca/serial
        default_md = sha256
        policy = any
        unique_subject = no
        copy_extensions = copy
        [any]
        commonName = supplied
        [intermediate]
        basicConstraints = critical, CA:TRUE
        END
        key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }
        key root; openssl req -x509 -new -key root.key -subj "/CN=Test Root" -days 3650 -addext basicConstraints=critical,CA:TRUE -out root.pem
        issue() { # name, subject alternative names, start, end, issuer, extension section
            key "$1"
            openssl req -new -key "$1.key" -subj "/CN=$1" ${2:+-addext "subjectAltName=$2"} -out "$1.csr"
            openssl ca -batch -notext -config ca.conf -cert "$5.pem" -keyfile "$5.key" -startdate "$3" -enddate "$4" ${6:+-extensions $6} -in "$1.csr" -out "$1.pem" 2>/dev/null
        }
        past=20200101000000Z; now=20240101000000Z; later=20400101000000Z
        issue middle "" $past $later root intermediate
        for leaf in good wrongname; do
            names="DNS:localhost,DNS:www.example.test,IP:127.0.0.1"; [ $leaf = wrongname ] && names="DNS:other.example.test"
            issue $leaf "$names" $now $later middle
            cat middle.pem >> $leaf.pem
        done
        issue expired "DNS:localhost,IP:127.0.0.1" $past 20210101000000Z middle
        cat middle.pem >> expired.pem
        key selfsigned
        openssl req -x509 -new -key selfsigned.key -subj "/CN=selfsigned" -addext "subjectAltName=IP:127.0.0.1" -days 365 -out selfsigned.pem
        """

    private static let nginx = """
        user root; daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log;
        events {}
        http {
          access_log off; default_type text/plain;
          types { text/html html; text/plain txt; }
          client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3; uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
          root {dir}/www; gzip on; gzip_types text/html text/plain; gzip_min_length 100;
          ssl_certificate_key {dir}/good.key; ssl_certificate {dir}/good.pem;
          server {
            listen 127.0.0.1:{http}; listen 127.0.0.1:{tls} ssl;
            listen 127.0.0.1:{tls2} ssl http2;
            location = /ok { add_header X-Answer forty-two; return 200 "all is well\\n"; }
            location = /empty { return 204; }
            location = /moved { return 302 /ok; }
            location = /moved308 { return 308 /ok; }
            location = /loop { return 302 /loop; }
            location = /totls { return 301 https://127.0.0.1:{tls}/ok; }
            location = /missing { return 404 "nothing here\\n"; }
            location = /broken { return 500 "broken\\n"; }
            location = /created { return 201 "made\\n"; }
            location = /login { if ($http_authorization = "Basic dXNlcjpwYXNz") { return 200 "in\\n"; } return 401 "who?\\n"; }
            location = /bearer { if ($http_authorization = "Bearer sesame") { return 200 "in\\n"; } return 401 "who?\\n"; }
            location = /post { if ($request_method = POST) { return 200 "posted $content_length\\n"; } return 405 "no\\n"; }
            location = /agent { if ($http_x_token = "abc") { return 200 "token\\n"; } return 403 "no token\\n"; }
            location = /host { return 200 "host=$http_host;\\n"; }
            location /uri { return 200 "$request_uri"; }
            location = /user { return 200 "$http_authorization"; }
            location = /encoding { return 200 "accepts=$http_accept_encoding;\\n"; }
          }
          server { listen 127.0.0.1:{expired} ssl; ssl_certificate {dir}/expired.pem; ssl_certificate_key {dir}/expired.key; return 200 "ok\\n"; }
          server { listen 127.0.0.1:{wrongname} ssl; ssl_certificate {dir}/wrongname.pem; ssl_certificate_key {dir}/wrongname.key; return 200 "ok\\n"; }
          server { listen 127.0.0.1:{selfsigned} ssl; ssl_certificate {dir}/selfsigned.pem; ssl_certificate_key {dir}/selfsigned.key; return 200 "ok\\n"; }
        }
        """

    private static let nsd = """
        server:
          ip-address: 127.0.0.1@{dns}
          zonesdir: {dir}
          username: ""
          chroot: ""
          pidfile: {dir}/nsd.pid
          database: ""
          zonelistfile: {dir}/zone.list
          xfrdfile: {dir}/xfrd.state
          logfile: {dir}/nsd.log
          server-count: 1
        remote-control:
          control-enable: no
        zone:
          name: example.test
          zonefile: zone
        """

    private static let zone = """
        $ORIGIN example.test.
        $TTL 3600
        @ IN SOA ns admin 2026112401 7200 3600 1209600 3600
        @ IN NS ns
        @ IN MX 10 mail
        @ IN TXT "v=spf1 -all"
        ns IN A 127.0.0.1
        www IN A 127.0.0.1
        www IN AAAA ::1
        mail IN A 192.0.2.25
        alias IN CNAME www
        child IN DS 60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118
        child IN NS ns
        ssh IN SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
        site IN HTTPS 1 . alpn="h2,h3" ipv4hint="192.0.2.1" port="8443"

        """

    /// Speaks a little, says nothing, resets, or agrees to TLS.
    private static let chat = """
        import socket, ssl, struct, threading
        def serve(port, handle):
            s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", port)); s.listen(64)
            def loop():
                while True:
                    c, _ = s.accept()
                    threading.Thread(target=run, args=(handle, c), daemon=True).start()
            threading.Thread(target=loop, daemon=True).start()
        def run(handle, c):
            try: handle(c)
            except OSError: pass
            finally: c.close()
        def chat(c):
            f = c.makefile("rwb")
            f.write(b"220 ready\\r\\n220 version 3.14\\r\\n"); f.flush()
            for line in f:
                if line.strip() == b"QUIT": f.write(b"221 bye\\r\\n"); f.flush(); return
                f.write(b"250 you said " + line); f.flush()
        def silent(c):
            while c.recv(4096): pass
        def reset(c):
            c.recv(1); c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain("{dir}/good.pem", "{dir}/good.key")
        def starttls(c):
            c.sendall(b"220 mail ESMTP\\r\\n"); c.recv(4096); c.sendall(b"250-mail\\r\\n250 STARTTLS\\r\\n"); c.recv(4096)
            c.sendall(b"220 go ahead\\r\\n"); t = context.wrap_socket(c, server_side=True)
            t.recv(4096); t.sendall(b"250 again\\r\\n"); t.recv(4096); t.sendall(b"221 bye\\r\\n"); t.close()
        serve({chat}, chat); serve({silent}, silent); serve({reset}, reset); serve({starttls}, starttls)
        threading.Event().wait()
        """
}
