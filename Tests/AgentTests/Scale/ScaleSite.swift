import FoundationEssentials
import Glibc
import Synchronization
import TestSupport

/// Machines, each a network namespace, the links between them, and the programs that run on them; all end with this value.
final class ScaleSite: Sendable {
    struct Failed: Error { var what: String }

    /// Namespaces need root.
    static let isAllowed = geteuid() == 0

    let directory: TemporaryDirectory
    private let machines = Mutex<[String: Program]>([:])
    private let programs = Mutex<[Program]>([])

    /// - Parameter names: of the machines, with loopback up.
    init(_ names: String...) async throws {
        directory = try TemporaryDirectory()
        for name in names {
            // Ends by itself if the test does not.
            let holder = try Program("unshare", ["--net", "sleep", "900"])
            machines.withLock { $0[name] = holder }
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
            let isApart = await eventually(within: .seconds(30), every: .milliseconds(5)) {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(holder.pid)/ns/net")).map { $0 != own } ?? false
            }
            guard isApart else { throw Failed(what: "no namespace: \(holder.errors)") }
            try await ip(name, "link set lo up")
        }
    }

    deinit {
        for program in programs.withLock(\.self).reversed() { program.send(SIGKILL) }
        for holder in machines.withLock({ Array($0.values) }) { holder.send(SIGKILL) }
    }

    /// The command that starts a program on a machine.
    func prefix(_ machine: String) -> [String] { ["nsenter", "--net=/proc/\(machines.withLock { $0[machine]?.pid } ?? -1)/ns/net"] }

    /// Starts a program on a machine.
    @discardableResult func start(_ machine: String, _ path: String, _ arguments: [String]) throws -> Program {
        let all = prefix(machine) + [path] + arguments
        let program = try Program(all[0], Array(all.dropFirst()))
        programs.withLock { $0.append(program) }
        return program
    }

    func ip(_ machine: String, _ words: String) async throws {
        let all = prefix(machine) + ["ip"] + words.split(separator: " ").map(String.init)
        let ended = try await Program.run(all[0], Array(all.dropFirst()))
        guard ended.status == 0 else { throw Failed(what: "ip \(words): \(ended.errors)") }
    }

    /// A cable between two machines: `10.N.0.1` of the first and `10.N.0.2` of the second, each on a device named after the other machine.
    func connect(_ first: String, _ second: String, network: Int) async throws {
        let other = machines.withLock { $0[second]?.pid } ?? -1
        try await ip(first, "link add \(second) type veth peer name \(first) netns \(other)")
        for (machine, peer, number) in [(first, second, 1), (second, first, 2)] {
            try await ip(machine, "addr add 10.\(network).0.\(number)/24 dev \(peer)")
            try await ip(machine, "link set \(peer) up")
        }
    }

    /// What curl gets on a machine; empty if there is no answer.
    func get(_ machine: String, _ url: String, _ more: [String] = []) async throws -> String {
        let all = prefix(machine) + ["curl", "-s", "--max-time", "10"] + more + [url]
        return try await Program.run(all[0], Array(all.dropFirst())).output
    }

    /// Waits until the URL is answered with 2xx.
    func answers(_ machine: String, _ url: String) async throws {
        let isThere = try await eventually(within: .seconds(60)) {
            try await get(machine, url, ["-f", "-o", "/dev/null", "-w", "%{http_code}"]).hasPrefix("2")
        }
        guard isThere else {
            throw Failed(what: "\(url) does not answer: \(programs.withLock { $0.map(\.errors).joined(separator: "\n") })")
        }
    }

    // MARK: Programs

    /// A file of `dashboards/prometheus`.
    func shipped(_ name: String) throws -> String {
        let parts = #filePath.split(separator: "/").dropLast(4)
        let path = "/" + parts.joined(separator: "/") + "/dashboards/prometheus/" + name
        return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    /// Writes shipped rules with every waiting time of minutes reduced to a second; those of hours stay. A range outlasts the delay with which
    /// vmalert writes to its store.
    func writeRules(_ name: String) throws {
        let text = try shipped(name).replacing(#/for: \d+m/#, with: "for: 1s").replacing("[5m]", with: "[15s]")
        try directory.write(name, text)
    }

    /// Starts an agent with these files in a folder of its own, and waits until it listens.
    func startAgent(_ machine: String, _ name: String, listen: String, configuration: String, definition: String) async throws -> Program {
        let folder = directory.path + "/" + name
        try directory.write(name + "/probes/web.yaml", definition)
        try directory.write(name + "/agent.yaml", "stateDirectory: \(folder)/state\nlisten: \(listen)\n" + configuration)
        try directory.write(name + "/modules.yml", "modules: { tcp_connect: { prober: tcp, timeout: 2s } }\n")
        let program = try start(
            machine, AgentSite.executable,
            ["run", "--config", folder + "/agent.yaml", "--probes", folder + "/probes", "--modules", folder + "/modules.yml"])
        guard await program.says("listening") else { throw Failed(what: program.errors) }
        return program
    }

    /// A definition of TCP probes, whose monitors are Unhealthy a second after the first failure.
    static func definition(_ targets: String, every: String = "1s") -> String {
        """
        healthSet: Web
        name: Front
        kind: tcp
        every: \(every)
        timeout: 500ms
        \(targets)
        monitors:
          - { name: FrontMonitor, when: { consecutiveFailures: 1 }, degradedFor: 1s }

        """
    }

    /// Starts Prometheus with a configuration; `name` is that of its folder.
    @discardableResult func startPrometheus(
        _ machine: String, _ name: String, port: Int, configuration: String, _ more: [String] = []
    ) async throws -> Program {
        try directory.write(name + ".yml", configuration)
        let storage = more.contains("--enable-feature=agent") ? "agent" : "tsdb"
        let program = try start(
            machine, "prometheus",
            [
                "--config.file=\(directory.path)/\(name).yml", "--storage.\(storage).path=\(directory.path)/\(name)",
                "--web.listen-address=127.0.0.1:\(port)",
            ] + more)
        try await answers(machine, "http://127.0.0.1:\(port)/-/ready")
        return program
    }

    /// Starts Alertmanager, which notifies the URL within a second.
    func startAlertmanager(_ machine: String, port: Int, notifying hook: String) async throws {
        try directory.write(
            "alertmanager\(port).yml",
            """
            route: { receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 12h }
            receivers:
              - { name: hook, webhook_configs: [{ url: '\(hook)', send_resolved: true }] }

            """)
        try start(
            machine, "prometheus-alertmanager",
            [
                "--config.file=\(directory.path)/alertmanager\(port).yml", "--storage.path=\(directory.path)/alertmanager\(port)",
                "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=",
            ])
        try await answers(machine, "http://127.0.0.1:\(port)/-/ready")
    }

    private struct Answer: Decodable {
        struct Data: Decodable { var result: [Result] }
        struct Result: Decodable {
            var metric: [String: String]
            var value: [Value]
        }
        enum Value: Decodable {
            case time
            case text(String)

            init(from decoder: any Decoder) throws {
                self = (try? decoder.singleValueContainer().decode(String.self)).map { .text($0) } ?? .time
            }
        }
        var data: Data
    }

    struct Sample: Sendable, Equatable {
        var labels: [String: String]
        var value: String
    }

    /// The result of an instant query to the Prometheus, or the store with its API, at a port of the machine; nil without an answer.
    func query(_ machine: String, port: Int, _ expression: String) async throws -> [Sample]? {
        let text = try await get(machine, "http://127.0.0.1:\(port)/api/v1/query", ["--data-urlencode", "query=\(expression)", "--get"])
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(text.utf8)) else { return nil }
        return answer.data.result.map { result in
            let value = result.value.lazy.compactMap { if case .text(let text) = $0 { text } else { nil } }.first ?? ""
            return Sample(labels: result.metric, value: value)
        }
    }

    /// Waits until the query has these values, or values of a label, in any order.
    func becomes(_ values: [String], _ machine: String, port: Int, _ expression: String, by label: String? = nil) async throws -> Bool {
        try await eventually(within: .seconds(90)) {
            let samples = try await query(machine, port: port, expression)
            return samples?.map { sample in label.map { sample.labels[$0] ?? "" } ?? sample.value }.sorted() == values.sorted()
        }
    }
}

extension HookServer {
    private struct Notification: Decodable {
        struct Alert: Decodable {
            var status: String
            var labels: [String: String]
        }
        var alerts: [Alert]
    }

    /// `STATUS ALERTNAME` of each alert in the notifications that an Alertmanager has sent to that path, each once, in the order they came.
    func alerts(_ path: String) -> [String] {
        var seen: [String] = []
        for request in requests(path) {
            let alerts = (try? JSONDecoder().decode(Notification.self, from: Data(request.body.utf8)))?.alerts ?? []
            for alert in alerts {
                // The name of the group is added by vmalert.
                let labels = alert.labels.filter { !["job", "alertgroup"].contains($0.key) }.sorted { $0.key < $1.key }.map {
                    "\($0.key)=\($0.value)"
                }
                let text = "\(alert.status) \(labels.joined(separator: " "))"
                if !seen.contains(text) { seen.append(text) }
            }
        }
        return seen
    }
}
