import Documents
import FoundationEssentials
import Monitoring

/// Debian's Alertmanager on loopback, which tells a hook of what fires and what is over; ended with this value.
package final class Alertmanager: Sendable {
    package struct Alert: Decodable, Sendable {
        package var labels: [String: String]
        package var annotations: [String: String]
        package var startsAt: String
        package var endsAt: String
        package var generatorURL: String?
    }

    package struct NotStarted: Error { package var errors: String }

    private let directory: TemporaryDirectory
    private let program: Program
    package let url: String
    /// What curl needs beside the URL.
    private let login: [String]

    package static func freePort() async throws -> Int {
        let ended = try await Program.run(
            Program.python, ["-c", "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"])
        return Int(ended.output.filter(\.isNumber)) ?? 0
    }

    /// - Parameter web: its web configuration, which makes it speak TLS, and what curl needs then.
    package init(port: Int? = nil, notifying hook: String? = nil, web: (configuration: String, login: [String])? = nil) async throws {
        let free = try await Self.freePort()
        let port = port ?? free
        url = "\(web == nil ? "http" : "https")://127.0.0.1:\(port)"
        login = web?.login ?? []
        directory = try TemporaryDirectory()
        try directory.write(
            "alertmanager.yml",
            """
            route: { receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 12h }
            receivers:
              - name: hook
                webhook_configs: \(hook.map { "[{ url: '\($0)', send_resolved: true }]" } ?? "[]")

            """)
        if let web { try directory.write("web.yml", web.configuration) }
        program = try Program(
            "prometheus-alertmanager",
            [
                "--config.file=\(directory.path)/alertmanager.yml", "--storage.path=\(directory.path)/data",
                "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=",
            ] + (web == nil ? [] : ["--web.config.file=\(directory.path)/web.yml"]))
        let ready = login + [url + "/-/ready"]
        guard
            try await eventually(within: .seconds(30), { try await Program.run("curl", ["-sf"] + ready).status == 0 })
        else { throw NotStarted(errors: program.errors) }
    }

    deinit { program.send(9) }

    /// Those that fire.
    package func alerts() async throws -> [Alert] {
        let ended = try await Program.run("curl", ["-s"] + login + [url + "/api/v2/alerts"])
        return (try? JSONDecoder().decode([Alert].self, from: Data(ended.output.utf8))) ?? []
    }

    /// Waits until so many fire.
    package func fires(_ count: Int) async throws -> Bool {
        try await eventually(within: .seconds(60)) { try await alerts().count == count }
    }
}

extension HookServer {
    private struct Notification: Decodable { var status: String }

    /// `firing` or `resolved` of each notification that an Alertmanager has sent to that path.
    package func statuses(_ path: String) -> [String] {
        requests(path).compactMap { try? JSONText.decode(Notification.self, from: Array($0.body.utf8)).status }
    }
}
