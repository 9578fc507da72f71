import Glibc
import TestSupport
import Testing

/// Peers that answer pings with floods of what was not asked for, in a network namespace of its own: raw sockets need root.
@Suite(.enabled(if: geteuid() == 0)) struct HostilePingTests {
    /// Each way has an address of its own.
    private static let peer = """
        import os, socket, struct, threading, time, http.server
        WAYS = {"127.0.1.1": "flood", "127.0.1.2": "drip", "127.0.1.3": "garbage", "127.0.1.4": "silent"}
        def checksum(data):
            total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
            total = (total & 0xFFFF) + (total >> 16)
            return ~(total + (total >> 16)) & 0xFFFF
        def reply(identity, number):
            head = struct.pack("!BBHHH", 0, 0, 0, identity, number) + bytes(24)
            return head[:2] + struct.pack("!H", checksum(head)) + head[4:]
        def answer(address, client, request):
            out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            out.bind((address, 0))
            identity, number = struct.unpack("!HH", request[24:28])
            end, way = time.monotonic() + 4, WAYS[address]
            while way != "silent" and time.monotonic() < end:
                try: out.sendto(reply(identity ^ 1, number) if way != "garbage" else os.urandom(64), (client, 0))
                except OSError: pass
                if way == "drip": time.sleep(0.02)
        def serve():
            listener = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            while True:
                packet, _ = listener.recvfrom(4096)
                source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
                if packet[20] == 8 and target in WAYS: threading.Thread(target=answer, args=(target, source, packet), daemon=True).start()
        class Innocent(http.server.BaseHTTPRequestHandler):
            def do_GET(self): self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
            def log_message(self, *words): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 7001), Innocent)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        threading.Thread(target=serve, daemon=True).start()
        open("ready", "w").close()
        threading.Event().wait()
        """

    @Test("each ping ends in its time with its reason, an innocent probe beside them succeeds, /metrics answers")
    func pings() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("agent.yaml", "stateDirectory: state\nlisten: 127.0.0.1:9717\n")
        try directory.write("probes/README.md", "")
        try directory.write(
            "modules.yml", "modules: { icmp: { prober: icmp, timeout: 2s }, http: { prober: http, timeout: 10s } }\n")
        try directory.write("peer.py", Self.peer)
        let script = """
            cd \(directory.path)
            ip link set lo up
            echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all
            \(Program.python) peer.py & peer=$!
            \(AgentSite.executable) run --config agent.yaml --probes probes --modules modules.yml 2>log & agent=$!
            while [ ! -e ready ]; do kill -0 $peer || exit 1; done
            while ! grep -q listening log; do kill -0 $agent || exit 1; done
            ask() { curl -sS -g --max-time 20 "http://127.0.0.1:9717/$1"; }
            askers=""
            for way in 1 2 3 4; do ask "probe?module=icmp&target=127.0.1.$way" > answer.$way & askers="$askers $!"; done
            for round in 1 2 3 4 5; do
                echo "innocent $(ask 'probe?module=http&target=http://127.0.0.1:7001/' | grep -c '^probe_success 1')"
                echo "metrics $(ask metrics | grep -c '^health_agent_probes 0')"
            done
            wait $askers
            for way in 1 2 3 4; do
                echo "way $way $(grep -o 'reason="[a-z_]*"' answer.$way) $(sed -n 's/^probe_duration_seconds //p' answer.$way)"
            done
            kill $agent $peer
            """
        let ended = try await Program.run("unshare", ["--net", "--mount", "bash", "-c", script])
        let lines = ended.output.split(separator: "\n")
        #expect(lines.count { $0 == "innocent 1" } == 5 && lines.count { $0 == "metrics 1" } == 5, "\(ended.output) \(ended.errors)")
        let ways = lines.filter { $0.hasPrefix("way ") }
        #expect(ways.count == 4, "\(ended.output) \(ended.errors)")
        for way in ways {
            let words = way.split(separator: " ")
            #expect(words.count == 4 && words[2] == "reason=\"timeout\"", "\(way)")
            #expect((words.last.flatMap { Double($0) } ?? .infinity) <= 3, "\(way)")
        }
    }
}
