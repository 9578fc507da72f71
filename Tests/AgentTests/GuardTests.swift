import FoundationEssentials
import TestSupport
import Testing

/// In a network namespace of its own, where the caller is no loopback one: a server on all addresses of the agent's machine that nobody may
/// reach, and another machine, in a further namespace, that may be reached.
@Suite struct GuardTests {
    /// Ways to write the address of the machine the agent runs on, in all modules; `{p}` is the forbidden server's port, `{a}` that of the other machine's.
    static let targets: [(module: String, target: String)] = [
        ("http", "http://127.0.0.1:{p}/"), ("http", "127.0.0.1:{p}"), ("http", "http://2130706433:{p}/"),
        ("http", "http://0x7f000001:{p}/"),
        ("http", "http://0x7F.0.0.1:{p}/"), ("http", "http://017700000001:{p}/"), ("http", "http://0177.0.0.01:{p}/"),
        ("http", "http://127.1:{p}/"), ("http", "http://127.0.1:{p}/"), ("http", "http://0x7f.1:{p}/"), ("http", "http://127.200.3.4:{p}/"),
        ("http", "http://0.0.0.0:{p}/"), ("http", "http://0:{p}/"), ("http", "http://[::1]:{p}/"), ("http", "http://[::]:{p}/"),
        ("http", "http://[0:0:0:0:0:0:0:1]:{p}/"), ("http", "http://[::ffff:127.0.0.1]:{p}/"), ("http", "http://[::ffff:7f00:1]:{p}/"),
        ("http", "http://[::127.0.0.1]:{p}/"), ("http", "http://[64:ff9b::7f00:1]:{p}/"), ("http", "http://[2002:7f00:1::]:{p}/"),
        ("http", "http://localhost:{p}/"), ("http", "http://LOCALHOST.:{p}/"), ("http", "http://192.0.2.2@127.0.0.1:{p}/"),
        ("http", "http://127.0.0.1:{p}%252f@192.0.2.2:1/"), ("http", "http://127%252e0.0.1:{p}/"), ("http", "http://inner.test:{p}/"),
        ("http", "http://changing.test:{p}/"), ("http", "http://192.0.2.2:{a}/to/127.0.0.1"), ("http", "http://192.0.2.2:{a}/to/localhost"),
        ("http", "http://192.0.2.2:{a}/to/[::1]"), ("http", "http://192.0.2.2:{a}/to/2130706433"),
        ("http", "http://192.0.2.2:{a}/to/changing.test"), ("tcp", "127.0.0.1:{p}"), ("tcp", "2130706433:{p}"), ("tcp", "127.1:{p}"),
        ("tcp", "[::1]:{p}"), ("tcp", "[::ffff:127.0.0.1]:{p}"), ("tcp", "localhost:{p}"), ("tcp", "changing.test:{p}"),
        ("http", "http://169.254.169.254/"), ("http", "http://2852039166/"), ("http", "http://[fe80::1]/"),
        ("http", "http://[::ffff:a9fe:a9fe]/"),
        ("tcp", "169.254.169.254:80"), ("http", "http://[fd00:ec2::254]/"), ("tcp", "0xa9fea9fe:80"),
        ("http", "http://192.0.2.1:{p}/"), ("tcp", "192.0.2.1:{p}"), ("http", "http://0xc0000201:{p}/"), ("tcp", "198.51.100.7:{p}"),
        ("http", "http://[2001:db8::7]:{p}/"), ("tcp", "[2001:db8::7]:{p}"), ("http", "http://[::ffff:198.51.100.7]:{p}/"),
        ("http", "http://own.test:{p}/"), ("http", "http://192.0.2.2:{a}/to/192.0.2.1"),
        ("http", "http://192.0.2.2:{a}/to/[2001:db8::7]"), ("tcp", "198.51.100.8:{p}"),
    ]

    @Test("no spelling, no redirect and no name that changes reaches an address that the guard forbids")
    func forbidden() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        try directory.write("hosts", "127.0.0.1 localhost\n::1 localhost\n127.0.0.1 inner.test\n198.51.100.7 own.test\n")
        try directory.write("nsswitch.conf", "hosts: files dns\n")
        try directory.write(
            "agent.yaml", "stateDirectory: state\nlisten: 0.0.0.0:9717\nprobe: { allowFrom: [192.0.2.0/24, 127.0.0.0/8] }\n")
        try directory.write(
            "closed.yaml", "stateDirectory: closed\nlisten: 127.0.0.1:9718\nprobe: { denyTargets: [127.0.0.0/8] }\n")
        try directory.write("probes/README.md", "")
        try directory.write("modules.yml", "modules: { http: { prober: http, timeout: 3s }, tcp: { prober: tcp, timeout: 3s } }\n")
        try directory.write("servers.py", Self.servers)
        let lines = Self.targets.map { target in
            "\(target.module) \(target.target.replacing("{p}", with: "7001").replacing("{a}", with: "7002"))"
        }
        try directory.write("targets", lines.joined(separator: "\n") + "\n")
        let script = """
            set -e
            cd \(directory.path)
            ip link set lo up
            ip addr add 198.51.100.7/32 dev lo
            ip addr add 2001:db8::7/128 dev lo nodad
            unshare --net sleep 600 & other=$!
            while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do :; done
            there="nsenter --net=/proc/$other/ns/net"
            ip link add near type veth peer name far netns $other
            ip addr add 192.0.2.1/24 dev near && ip link set near up
            $there ip addr add 192.0.2.2/24 dev far && $there ip link set far up
            for file in resolv.conf hosts nsswitch.conf; do mount --bind $file /etc/$file; done
            \(Program.python) servers.py & servers=$!
            $there \(Program.python) servers.py other & far=$!
            \(AgentSite.executable) run --config agent.yaml --probes probes --modules modules.yml 2>log & agent=$!
            \(AgentSite.executable) run --config closed.yaml --probes probes --modules modules.yml 2>log2 & closed=$!
            while [ ! -e ready ] || [ ! -e ready-other ]; do :; done
            while ! grep -q listening log; do kill -0 $agent; done
            while ! grep -q listening log2; do kill -0 $closed; done
            get() { $1 curl -sS -g -o answer -w '%{http_code}' --max-time 20 --data-urlencode "target=$4" -G "http://$2/probe?module=$3"; }
            ask() { get "$there" 192.0.2.1:9717 "$1" "$2"; }
            echo "control $(ask http http://192.0.2.2:7002/ok) $(grep -c '^probe_success 1' answer)"
            echo "local $(get "" 127.0.0.1:9717 http http://192.0.2.1:7003/) $(grep -c '^probe_success 1' answer)"
            echo "local $(get "" 127.0.0.1:9717 http http://127.0.0.1:7003/) $(grep -c '^probe_success 1' answer)"
            # An address that has come after the agent has looked.
            ip addr add 198.51.100.8/32 dev lo
            for try in $(seq 1000); do [ "$(ask tcp 198.51.100.8:1)" != 403 ] || break; done
            while read -r module target; do
                status=$(ask "$module" "$target")
                echo "$status $(grep -c '^probe_success 1' answer || true) $module $target $(grep -v '^#' answer | head -1 | tr '\\n' ' ')"
            done < targets
            for host in 0.0.0.0 0 '[::]' '[::ffff:0.0.0.0]' 127.1; do
                echo "$(get "" 127.0.0.1:9718 http "http://$host:7001/") 0 denied $host"
            done
            kill $agent $closed $servers $far $other
            echo "hits $(cat hits)"
            """
        let ended = try await Program.run("unshare", ["--net", "--mount", "--map-root-user", "bash", "-c", script])
        var lines2 = ended.output.split(separator: "\n").map(String.init)
        #expect(Array(lines2.prefix(3)) == ["control 200 1", "local 200 1", "local 200 1"], "\(ended.output) \(ended.errors)")
        #expect(lines2.last == "hits 0", "\(ended.output) \(ended.errors)")
        lines2 = Array(lines2.dropFirst(3).dropLast())
        #expect(lines2.count == Self.targets.count + 5)
        for line in lines2 {
            let words = line.split(separator: " ")
            // 403 where the address was looked at, else a run that did not succeed.
            #expect((words.first == "403" || words.first == "200") && words.dropFirst().first == "0", "\(line)")
        }
        #expect(lines2.filter { $0.hasPrefix("403") }.count >= 45, "\(lines2.joined(separator: "\n"))")
        #expect(lines2.suffix(5).allSatisfy { $0.hasPrefix("403") }, "\(lines2.suffix(5))")
    }

    /// On the agent's machine a server on every address that counts who comes, one for callers on it, and a name server whose answer changes
    /// each time; on the other machine one that sends on.
    private static let servers = """
        import socket, struct, sys, threading, http.server
        hits = [0]
        def count(family, address):
            s = socket.socket(family); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.bind((address, 7001)); s.listen(64)
            while True:
                c, _ = s.accept(); hits[0] += 1; open("hits", "w").write(str(hits[0])); c.close()
        class Redirect(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith("/to/"):
                    self.send_response(302); self.send_header("Location", f"http://{self.path[4:]}:7001/")
                else: self.send_response(200)
                self.send_header("Content-Length", "0"); self.end_headers()
            def log_message(self, *arguments): pass
        def names():
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 53)); turn = 0
            while True:
                query, peer = s.recvfrom(512)
                end = query.index(0, 12) + 5
                kind = struct.unpack("!H", query[end - 4:end - 2])[0]
                answers = b""
                if kind == 1 and b"changing" in query:
                    turn += 1
                    address = "192.0.2.2" if turn % 2 else "127.0.0.1"
                    answers = b"\\xc0\\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + socket.inet_aton(address)
                s.sendto(query[:2] + b"\\x81\\x80" + struct.pack("!HHHH", 1, 1 if answers else 0, 0, 0) + query[12:end] + answers, peer)
        def serve(address, port):
            server = http.server.ThreadingHTTPServer((address, port), Redirect)
            threading.Thread(target=server.serve_forever, daemon=True).start()
        if len(sys.argv) > 1:
            serve("192.0.2.2", 7002)
            open("ready-other", "w").close()
        else:
            open("hits", "w").write("0")
            for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                threading.Thread(target=count, args=(family, address), daemon=True).start()
            threading.Thread(target=names, daemon=True).start()
            serve("0.0.0.0", 7003)
            for address in ("127.200.3.4", "::1"):
                while True:
                    try: socket.create_connection((address, 7001)).close(); break
                    except OSError: pass
            while hits[0] < 2: pass
            hits[0] = 0
            open("hits", "w").write("0")
            open("ready", "w").close()
        threading.Event().wait()
        """
}
