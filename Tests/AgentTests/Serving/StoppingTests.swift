import FoundationEssentials
import TestSupport
import Testing

/// Servers that stop while connections come in without pause: none may take its process with it, or keep it from ending.
@Suite struct StoppingTests {
    private static func run(_ what: String, _ times: Int) async throws -> String {
        let directory = try TemporaryDirectory()
        let script = try directory.write("stopping.py", script)
        let ended = try await Program.run(Program.python, [script, AgentSite.executable, directory.path, what, String(times)])
        return ended.output + ended.errors
    }

    @Test("a server of the lab stops and starts 500 times while connections come in, and the lab ends with status 0")
    func lab() async throws {
        let said = try await Self.run("lab", 500)
        #expect(said == "500 times, then status 0\n")
    }

    @Test("an agent that is told to end 50 times while connections come in, and others are open, ends with status 0")
    func agent() async throws {
        let said = try await Self.run("agent", 50)
        #expect(said == "{0: 50}\n")
    }

    @Test("an agent whose port is taken says so and ends, while connections to its control socket come in")
    func taken() async throws {
        let said = try await Self.run("taken", 20)
        #expect(said == "{2: 20}\n")
    }

    private static let script = """
        import collections, http.client, json, os, signal, socket, subprocess, sys, time
        agent, directory, what, times = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

        # Connections that say nothing, that have sent half of a request, and that read a stream.
        words = [b"", b"POST /api/v1/invoke HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 9\\r\\n\\r\\n{", b"GET /api/v1/events HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n"]
        def hammer(family, address):
            held = collections.deque()
            count = 0
            while True:
                s = socket.socket(family)
                try:
                    s.connect(address)
                    s.send(words[count % 3])
                    held.append(s)
                    count += 1
                except OSError:
                    s.close()
                    time.sleep(0.001)
                if len(held) > 20: held.popleft().close()

        # In processes of their own, which take no time from this one.
        def hammering(*targets):
            children = []
            for target in targets:
                child = os.fork()
                if child == 0: hammer(*target)
                children.append(child)
            return lambda: [os.kill(child, signal.SIGKILL) for child in children]

        class Control(http.client.HTTPConnection):
            def connect(self):
                self.sock = socket.socket(socket.AF_UNIX)
                self.sock.connect(directory + "/lab/lab.sock")

        def ask(method, path):
            connection = Control("localhost")
            connection.request(method, path)
            body = connection.getresponse().read()
            connection.close()
            return json.loads(body)

        def lab():
            p = subprocess.Popen([agent, "lab", "--state-directory", directory + "/lab", "--listen", "127.0.0.1:0", "--servers", "1"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while "configuration:" not in p.stdout.readline(): assert p.poll() is None
            port = int(ask("GET", "/")["pushService"]["address"].split(":")[1])
            stop = hammering((socket.AF_INET, ("127.0.0.1", port)))
            done = 0
            try:
                for _ in range(times):
                    assert ask("PUT", "/faults/push-refused")["isOn"]
                    assert not ask("DELETE", "/faults/push-refused")["isOn"]
                    done += 1
            except (OSError, http.client.HTTPException) as error: print(error)
            p.send_signal(signal.SIGTERM)
            status = p.wait()
            stop()
            print(done, "times, then status", status)
            if status: print(p.stderr.read()[:1000])

        def agents(isTaken):
            os.makedirs(directory + "/probes")
            open(directory + "/agent.yaml", "w").write(f"stateDirectory: {directory}/state\\n")
            taken = socket.socket()
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            if isTaken: taken.listen(1)
            else: taken.close()
            sock = (socket.AF_UNIX, directory + "/state/control.sock")
            stop = hammering(sock, sock if isTaken else (socket.AF_INET, ("127.0.0.1", port)))
            statuses = collections.Counter()
            for _ in range(times):
                p = subprocess.Popen([agent, "run", "--config", directory + "/agent.yaml", "--probes", directory + "/probes",
                                      "--listen", f"127.0.0.1:{port}"], stderr=subprocess.PIPE, text=True)
                said = ""
                while "listening" not in said and (line := p.stderr.readline()): said += line
                p.send_signal(signal.SIGTERM)
                said += p.stderr.read()
                statuses[p.wait()] += 1
                if p.returncode != (2 if isTaken else 0) or "Hummingbird" in said: print(said)
            stop()
            print(dict(statuses))

        if what == "lab": lab()
        else: agents(what == "taken")
        """
}
