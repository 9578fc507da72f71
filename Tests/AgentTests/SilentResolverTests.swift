import FoundationEssentials
import TestSupport
import Testing

/// In a network namespace of its own, with a resolver that takes every question and answers none, or another without end.
@Suite struct SilentResolverTests {
    private struct Result: Decodable {
        var reason: String?
        var failedStage: String?
        var durationSeconds: Double
    }

    @Test(
        "a name that nobody resolves costs its own probe its timeout, and no more",
        arguments: [
            "s.recv(512)",
            """
            asker = s.recvfrom(512)[1]
                while True:
                    try: s.sendto(bytes(64), asker)
                    except OSError: pass
            """,
        ])
    func silent(answer: String) async throws {
        let directory = try TemporaryDirectory()
        try directory.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:4 attempts:1\n")
        try directory.write("nsswitch.conf", "hosts: dns\n")
        try directory.write("agent.yaml", "stateDirectory: state\nservers:\n  - name: mbx01.fabrikam.com\n")
        try directory.write("probes/p.yaml", "healthSet: OAuth\nname: P\nkind: metadata-reachability\n")
        let script = """
            set -e
            ip link set lo up
            mount --bind \(directory.path)/resolv.conf /etc/resolv.conf
            mount --bind \(directory.path)/nsswitch.conf /etc/nsswitch.conf
            \(Program.python) -c 'import socket, sys
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 53)); print("bound", flush=True)
            while True:
                \(answer)' > \(directory.path)/bound &
            resolver=$!
            while ! grep -q bound \(directory.path)/bound; do :; done
            status=0
            \(AgentSite.executable) invoke P --local --timeout 1 --output json --config \(directory.path)/agent.yaml --probes \(directory.path)/probes || status=$?
            kill $resolver
            exit $status
            """
        let ended = try await Program.run("unshare", ["--net", "--mount", "--map-root-user", "sh", "-c", script])
        let result = try #require(try JSONDecoder().decode([Result].self, from: Data(ended.output.utf8)).first, "\(ended.errors)")
        #expect(result.failedStage == "resolve" && result.reason == "dns_failed", "\(ended.output)")
        #expect(result.durationSeconds < 2)
        #expect(ended.status == 1)
    }
}
