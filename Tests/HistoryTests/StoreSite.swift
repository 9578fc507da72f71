import FoundationEssentials
import Glibc
import History
import Logging
import Synchronization
import TestSupport

@testable import Monitoring
@testable import Probing

/// A state directory, a clock and a log, on which a test opens stores one after the other.
final class StoreSite: Sendable {
    let directory: TemporaryDirectory
    let path: String
    let time = ManualTime()
    let log = LogLines()
    private let isMounted: Bool

    /// - Parameter tmpfs: the size of a file system of its own, which only root can mount.
    init(tmpfs: String? = nil) async throws {
        directory = try TemporaryDirectory()
        path = directory.path + "/state"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        if let tmpfs {
            let ended = try await Program.run("mount", ["-t", "tmpfs", "-o", "size=\(tmpfs)", "tmpfs", path])
            guard ended.status == 0 else { throw JournalError(ended.errors) }
        }
        isMounted = tmpfs != nil
    }

    deinit { if isMounted { umount2(path, Int32(MNT_DETACH)) } }

    static var isRoot: Bool { geteuid() == 0 }

    var database: String { path + "/history.db" }

    func open(_ change: (inout HistorySettings) -> Void = { _ in }) -> HistoryStore {
        var settings = HistorySettings()
        change(&settings)
        let log = log
        return HistoryStore(
            directory: path, settings: settings, time: time, logger: Logger(label: "test") { _ in LogLines.Handler(lines: log) })
    }

    /// Opens a store and lets it run while a test works with it; afterwards it has ended as at a shutdown.
    func run(_ change: (inout HistorySettings) -> Void = { _ in }, _ body: (HistoryStore) async throws -> Void) async throws {
        let store = open(change)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            let outcome: (any Error)?
            do {
                try await body(store)
                outcome = nil
            } catch { outcome = error }
            group.cancelAll()
            try await group.waitForAll()
            if let outcome { throw outcome }
        }
    }

    /// Changes the file while no store is open.
    func change(_ statements: [String]) async throws {
        let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])"
        let ended = try await Program.run("python3", ["-c", script, database, statements.joined(separator: ";\n")])
        guard ended.status == 0 else { throw JournalError(ended.errors) }
    }

    func remount(_ options: String) async throws {
        let ended = try await Program.run("mount", ["-o", "remount,\(options)", path])
        guard ended.status == 0 else { throw JournalError(ended.errors) }
    }

    /// Takes all room of the file system.
    func fill() throws {
        let file = Glibc.open(path + "/filler", O_WRONLY | O_CREAT, 0o600)
        defer { close(file) }
        for size in [65536, 4096, 1] {
            let bytes = [UInt8](repeating: 0x61, count: size)
            while write(file, bytes, size) > 0 {}
        }
    }

    func makeRoom() { unlink(path + "/filler") }

    var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
    var setAside: [String] { files.filter { $0.hasPrefix("history.db.broken-") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") } }

    // MARK: Entries

    func result(_ name: String = "P", server: String = "mbx01.test", _ type: ResultType = .succeeded, at offset: Double = 0) -> JournalEntry
    {
        var outcome = Outcome()
        if type == .failed { outcome.findings = [Finding(.failure, stage: .connect, reason: .connectRefused, sentence: "nobody listens")] }
        outcome.sampleValue = 42
        let end = time.now + offset
        return .result(
            ProbeResult(
                key: ProbeKey(identity: ProbeIdentity(healthSet: "Set", name: name), site: .server(server)), kind: "k", start: end - 1,
                end: end,
                duration: .milliseconds(1500), type: type, outcome: outcome))
    }

    func episode(_ name: String = "M", began offset: Double = 0) -> Episode {
        let probe = ProbeKey(identity: ProbeIdentity(healthSet: "Set", name: "P"), site: .server("mbx01.test"))
        return Episode(MonitorKey(probe: probe, name: name), severity: .critical, began: time.now + offset)
    }

    func override(_ value: String = "60s", property: String = "every") -> Override {
        Override(
            item: .probe, identity: "Set\\P", property: property, value: value, end: .date(time.now + 86400), by: "anna", at: time.now)
    }

    func maintenance(_ component: String = "Set") -> Maintenance {
        Maintenance(
            server: "mbx01.test", component: component, requester: "Maintenance", window: .once(from: time.now, until: nil), by: "anna",
            at: time.now)
    }

    func attempt(_ outcome: Attempt.Outcome = .begun, at offset: Double = 0, in episode: UUID = UUID()) -> Attempt {
        Attempt(
            responder: "pager", monitor: "Set\\M", server: "mbx01.test", episode: episode, trigger: "unhealthy", at: time.now + offset,
            outcome: outcome)
    }
}

/// What was logged; a test can wait for a line.
final class LogLines: Sendable {
    private struct State {
        var lines: [String] = []
        var waiting: [(text: String, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var all: [String] { state.withLock(\.lines) }

    func says(_ text: String) async {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if state.lines.contains(where: { $0.contains(text) }) {
                    continuation.resume()
                } else {
                    state.waiting.append((text, continuation))
                }
            }
        }
    }

    private func add(_ line: String) {
        state.withLock { state in
            state.lines.append(line)
            for waiter in state.waiting where line.contains(waiter.text) { waiter.continuation.resume() }
            state.waiting.removeAll { line.contains($0.text) }
        }
    }

    struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.add("\(event.level) \(event.message)") }
    }
}
