import FoundationEssentials
import Glibc

/// A lab and an agent on it, both real processes on free ports, with probes at a test's own pace.
package final class AgentSite: Sendable {
    package struct NotStarted: Error {
        package var errors: String

        package init(errors: String) { self.errors = errors }
    }

    package let directory: TemporaryDirectory
    package let lab: Program

    /// `.build/debug/agent`, beside this test.
    package static let executable: String = {
        let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        // The test runs from the build folder, or from a tool of the toolchain that was given the path of the bundle.
        let candidates = [test] + CommandLine.arguments
        for candidate in candidates {
            var parts = candidate.split(separator: "/").map(String.init)
            while !parts.isEmpty {
                parts.removeLast()
                let path = "/" + (parts + ["agent"]).joined(separator: "/")
                if candidate.hasPrefix("/"), FileManager.default.isExecutableFile(atPath: path), !isDirectory(path) { return path }
            }
        }
        return FileManager.default.currentDirectoryPath + "/.build/debug/agent"
    }()

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory
    }

    /// Starts the lab. `every` is the interval and the timeout of all probes.
    /// - Parameter hasSnapshotProbes: whether the lab gives a snapshot, and the probes that judge nothing but it or the tenant are
    ///   defined as well.
    package init(every: String = "5m", timeout: String = "30s", servers: Int = 3, hasSnapshotProbes: Bool = false) async throws {
        directory = try TemporaryDirectory()
        var probes = [
            ("OAuth", "CertificateExpiryProbe", "cert-expiry"), ("OAuth", "CertificateKeySizeProbe", "key-size"),
            ("OAuth", "MetadataReachabilityProbe", "metadata-reachability"), ("OAuth", "ThumbprintDriftProbe", "thumbprint-drift"),
            ("Exchange", "ProtocolHealthProbe", "protocol-health"), ("OAuth", "OAuthChallengeProbe", "oauth-challenge"),
            ("PushNotifications.Proxy", "PushNotificationsEnterpriseConnectivityProbe", "push-connectivity"),
        ]
        if hasSnapshotProbes {
            probes += [
                ("Exchange", "SnapshotProbe", "exchange-snapshot"), ("OAuth", "CertificateRotationProbe", "certificate-rotation"),
                ("OAuth", "CertificatePresenceProbe", "certificate-presence"),
                ("Exchange", "HybridReadinessProbe", "hybrid-readiness"),
                ("OAuth", "TenantKeysProbe", "tenant-keys"), ("OAuth", "TokenAcquisitionProbe", "token-acquisition"),
                ("Exchange", "MailFlowProbe", "mail-flow"),
            ]
        }
        if hasSnapshotProbes {
            try directory.write(
                "probes/exchange/known-dates.yaml",
                """
                dates:
                  - { id: shared_principal_refused, date: 2025-10-31, what: the shared principal is refused, source: test, read: 2026-11-24 }
                  - { id: ews_restricted, date: 2025-11-01, what: EWS is restricted, source: test, read: 2026-11-24 }
                  - { id: ews_ended, date: 2126-04-01, what: EWS ends, source: test, read: 2026-11-24 }
                builds:
                  - { id: graph_route, minimum: 15.2.2562, source: test, read: 2026-11-24 }

                """)
        }
        let ofOrganization = ["exchange-snapshot", "certificate-rotation", "hybrid-readiness", "tenant-keys", "token-acquisition"]
        for (healthSet, name, kind) in probes {
            let scope = ofOrganization.contains(kind) ? "scope: organization\n" : ""
            try directory.write(
                "probes/\(kind).yaml",
                "healthSet: \(healthSet)\nname: \(name)\nkind: \(kind)\nevery: \(every)\ntimeout: \(timeout)\n\(scope)")
        }
        lab = try Program(
            Self.executable,
            ["lab", "--state-directory", directory.path + "/lab", "--listen", "127.0.0.1:0", "--servers", String(servers)]
                + (hasSnapshotProbes ? ["--snapshot"] : []))
        let socket = directory.path + "/lab/lab.sock"
        guard await eventually(within: .seconds(30), { FileManager.default.fileExists(atPath: socket) }) else {
            throw NotStarted(errors: lab.errors)
        }
    }

    deinit { lab.send(SIGKILL) }

    package var configuration: String { directory.path + "/lab/agent.yaml" }
    package var files: [String] { ["--config", configuration, "--probes", directory.path + "/probes"] }

    /// Starts the agent and waits until it listens.
    package func startAgent(_ more: [String] = []) async throws -> Daemon {
        let program = try Program(Self.executable, ["run"] + files + more)
        guard await program.says("listening") else { throw NotStarted(errors: program.errors) }
        return Daemon(listening: program, on: self)
    }

    /// Runs one command of the agent's.
    package func agent(_ arguments: [String]) async throws -> Program.Ended { try await Program.run(Self.executable, arguments + files) }

    package func fault(_ verb: String, _ name: String) async throws -> Program.Ended {
        try await Program.run(Self.executable, ["lab", "fault", verb, name, "--state-directory", directory.path + "/lab"])
    }
}

/// A running agent, ended with this value.
package final class Daemon: Sendable {
    package let program: Program
    /// `127.0.0.1:PORT`
    package let address: String
    /// What the program needs as long as it runs, such as its directory.
    private let site: (any Sendable)?

    /// A program that has said where it listens.
    /// - Parameter site: kept as long as this value.
    package init(listening program: Program, on site: (any Sendable)? = nil) {
        self.program = program
        self.site = site
        let marks = ["address=", "\"address\":\""]
        let rest = marks.lazy.compactMap { program.errors.firstRange(of: $0) }.first.map { program.errors[$0.upperBound...] } ?? ""
        address = String(rest.prefix { !" \n\"".contains($0) })
    }

    deinit { program.send(SIGKILL) }

    /// Starts an agent with modules and without probes, whose files and state are in the directory.
    /// - Parameter configuration: more lines of `agent.yaml`.
    package static func serving(
        modules: String, configuration: String = "", environment: [String: String] = [:], in directory: TemporaryDirectory
    ) async throws -> Daemon {
        try directory.write("probes/README.md", "")
        try directory.write("agent.yaml", "stateDirectory: state\nlisten: 127.0.0.1:0\n" + configuration)
        try directory.write("modules.yml", modules)
        let files = ["--config", "/agent.yaml", "--probes", "/probes", "--modules", "/modules.yml"]
        let program = try Program(
            AgentSite.executable, ["run"] + files.map { $0.hasPrefix("/") ? directory.path + $0 : $0 }, environment: environment)
        guard await program.says("listening") else { throw AgentSite.NotStarted(errors: program.errors) }
        return Daemon(listening: program, on: directory)
    }

    /// `/metrics`.
    /// - Throws: `MetricsText.Malformed` where the page breaks the format.
    package func metrics() async throws -> String {
        let page = try await get("/metrics")
        _ = try MetricsText(page)
        return page
    }

    package func get(_ path: String, _ more: [String] = []) async throws -> String {
        try await Program.run("curl", ["-sS", "--max-time", "20"] + more + ["http://\(address)\(path)"]).output
    }
}
