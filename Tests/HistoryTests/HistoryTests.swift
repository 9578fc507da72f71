import FoundationEssentials
import HealthManager
import History
import Logging
import TestSupport
import Testing

@Suite struct HistoryTests {
    private let directory: TemporaryDirectory
    private let time = ManualTime()

    init() throws { directory = try TemporaryDirectory() }

    private var now: Date { time.now }

    private func store(_ settings: HistorySettings = HistorySettings(), in folder: String? = nil) -> HistoryStore {
        HistoryStore(
            directory: folder ?? directory.path, settings: settings, time: time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Writes while the body runs.
    private func writing(_ store: HistoryStore, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            try await body()
            group.cancelAll()
        }
    }

    private func override(_ property: String = "every", for seconds: Double = 3600) -> Override {
        Override(
            item: .probe, identity: "OAuth\\CertificateExpiryProbe", property: property, value: "1m",
            end: .date(now.addingTimeInterval(seconds)),
            by: "alice", at: now, comment: "a test")
    }

    private func maintenance() -> Maintenance {
        Maintenance(
            server: "mbx01", component: "OAuth", requester: "Maintenance",
            window: .weekly(weekday: 1, minute: 120, minutes: 60, from: now), by: "bob", at: now)
    }

    private func attempt(_ outcome: Attempt.Outcome, id: UUID = UUID()) -> Attempt {
        Attempt(
            id: id, responder: "page", monitor: "OAuth\\CertificateExpiryMonitor", server: "mbx01", episode: UUID(), trigger: "unhealthy",
            at: now, outcome: outcome)
    }

    private func result(_ number: Int, at date: Date? = nil, name: String = "CertificateExpiryProbe", server: String = "mbx01")
        -> JournalEntry
    {
        let key = ProbeKey(identity: ProbeIdentity(healthSet: "OAuth", name: name), server: server)
        var outcome = Outcome()
        outcome.sampleValue = Double(number)
        let date = date ?? now
        return .result(
            ProbeResult(
                key: key, kind: "cert-expiry", start: date, end: date, duration: .milliseconds(5), type: .succeeded, outcome: outcome))
    }

    private func records(_ store: HistoryStore, _ change: (inout HistoryQuery) -> Void = { _ in }) async throws -> [HistoryRecord] {
        var query = HistoryQuery()
        query.limit = 10_000
        change(&query)
        return try await store.history(query)
    }

    @Test("what was decided is in force after a new start, and what was ended is not")
    func restored() async throws {
        let first = store()
        let (kept, ended, silent, begun) = (override(), override("timeout"), maintenance(), attempt(.begun))
        try await writing(first) {
            try await first.keep(.override(kept))
            try await first.keep(.override(ended))
            try await first.keep(.maintenance(silent))
            first.note(.attempt(begun))
            try await first.keep(.overrideEnded(ended, at: now, why: "removed by bob"))
            try await first.settle()
        }
        let carried = store().restore()
        #expect(carried.overrides == [kept])
        #expect(carried.maintenance == [silent])
        #expect(carried.attempts == [begun])
    }

    @Test("an attempt has one line, with its latest outcome")
    func attempts() async throws {
        let store = store()
        let id = UUID()
        try await writing(store) {
            store.note(.attempt(attempt(.begun, id: id)))
            store.note(.attempt(attempt(.failed, id: id)))
            try await store.settle()
            #expect(try await records(store) { $0.sorts = [.attempt] }.map(\.what) == ["failed"])
        }
    }

    @Test("results are there, newest first, by probe, server, time and number")
    func searched() async throws {
        let store = store()
        try await writing(store) {
            for number in 0..<2500 { store.note(result(number, at: now.addingTimeInterval(Double(number)))) }
            store.note(result(1, name: "ThumbprintDriftProbe", server: "mbx02"))
            try await store.settle()
            #expect(try await records(store).count == 2501)
            #expect(try await records(store) { $0.limit = 3 }.map(\.sampleValue) == [2499, 2498, 2497])
            for spelling in ["OAuth\\ThumbprintDriftProbe", "oauth/thumbprintdriftprobe", "thumbprintdriftprobe"] {
                #expect(try await records(store) { $0.subject = spelling }.map(\.server) == ["mbx02"])
            }
            #expect(try await records(store) { $0.subject = "DriftProbe" }.isEmpty)
            #expect(try await records(store) { $0.server = "MBX02" }.count == 1)
            #expect(try await records(store) { $0.since = now.addingTimeInterval(2490) }.count == 10)
            #expect(try await records(store) { $0.until = now.addingTimeInterval(9) }.count == 11)
            #expect(try await records(store) { $0.sorts = [.decision] }.isEmpty)
        }
    }

    @Test("ten thousand results are noted without waiting for a disk, and all are kept")
    func many() async throws {
        let store = store()
        for number in 0..<10_000 { store.note(result(number)) }
        #expect(store.facts.dropped == 0)
        try await writing(store) {
            try await store.settle()
            #expect(try await records(store).count == 10_000)
        }
    }

    @Test("garbage in place of the database is set aside at the start, and a new one begun")
    func garbage() async throws {
        try directory.write("history.db", "this is no database, but it is long enough to look like something")
        let store = store()
        #expect(store.facts.problem == nil)
        try await writing(store) {
            try await store.keep(.override(override()))
            #expect(try await records(store).count == 1)
        }
        #expect(try files().contains { $0.hasPrefix("history.db.broken-") })
    }

    @Test(
        "a file that is damaged, replaced or removed while it is written: a new one holds what is in force",
        arguments: ["damaged", "replaced", "removed"])
    func damaged(_ way: String) async throws {
        let first = store()
        let (before, after) = (override(), override("timeout"))
        try await writing(first) {
            try await first.keep(.override(before))
            try await first.keep(.maintenance(maintenance()))
            switch way {
            case "damaged": try damage()
            case "replaced":
                try FileManager.default.removeItem(atPath: directory.path + "/history.db")
                try directory.write("history.db", "garbage in a file of its own")
            default: try FileManager.default.removeItem(atPath: directory.path + "/history.db")
            }
            try await first.keep(.override(after))
            #expect(first.facts.problem == nil)
        }
        #expect(try files().contains { $0.hasPrefix("history.db.broken-") } == (way != "removed"))
        let carried = store().restore()
        #expect(Set(carried.overrides) == [before, after])
        #expect(carried.maintenance.count == 1)
    }

    /// Overwrites the file as it is, so that it stays the one that is open.
    private func damage() throws {
        let file = try FileHandle.writing(directory.path + "/history.db")
        try file.overwrite(with: Array(repeating: UInt8(ascii: "x"), count: 40_000))
    }

    @Test("where nothing can be written a decision is refused, the rest is kept back, and history goes on when it can")
    func unwritable() async throws {
        let folder = directory.path + "/later"
        let store = store(in: folder)
        let kept = attempt(.succeeded)
        #expect(store.facts.problem?.contains("can't be opened") == true, "\(store.facts)")
        try await writing(store) {
            await #expect(throws: NotKept.self) { try await store.keep(.override(override())) }
            await #expect(throws: NotKept.self) { try await store.settle() }
            store.note(.attempt(kept))
            store.note(result(1))
            #expect(store.facts.dropped == 1)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            time.advance(by: .seconds(31))
            // The next try is the one that can; what was refused does not appear.
            try await store.keep(.maintenance(maintenance()))
            #expect(store.facts.problem == nil)
        }
        let carried = HistoryStore(
            directory: folder, settings: HistorySettings(), time: time, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ).restore()
        #expect(carried.overrides.isEmpty)
        #expect(carried.attempts == [kept])
        #expect(carried.maintenance.count == 1)
    }

    @Test("what is older than its time goes, what is in force stays")
    func aged() async throws {
        var settings = HistorySettings()
        settings.keepFor = .seconds(86400)
        let store = store(settings)
        let standing = override(for: 10 * 86400)
        try await writing(store) {
            try await store.keep(.override(standing))
            for number in 0..<5000 { store.note(result(number)) }
            try await store.settle()
            time.advance(by: .seconds(2 * 86400))
            store.note(result(1))
            try await store.settle()
            #expect(
                try await eventually(within: .seconds(20)) {
                    store.note(result(2))
                    try await store.settle()
                    return try await records(store) { $0.until = now.addingTimeInterval(-86400) }.isEmpty
                })
        }
        #expect(self.store().restore().overrides == [standing])
    }

    @Test("the file stays within its bytes: the oldest results go first")
    func bounded() async throws {
        var settings = HistorySettings()
        settings.maximumBytes = 1 << 20
        let store = store(settings)
        try await writing(store) {
            try await store.keep(.override(override()))
            for number in 0..<30_000 { store.note(result(number, at: now.addingTimeInterval(Double(number)))) }
            try await store.settle()
            time.advance(by: .seconds(61))
            #expect(
                try await eventually(within: .seconds(30)) {
                    store.note(result(99, at: now.addingTimeInterval(40_000)))
                    try await store.settle()
                    return store.facts.bytes > 0 && store.facts.bytes <= 2 << 20
                }, "\(store.facts.bytes)")
            let left = try await records(store) { $0.sorts = [.result] }
            #expect(left.count < 30_000 && left.contains { $0.sampleValue == 29_999 })
            #expect(try await records(store) { $0.sorts = [.decision] }.count == 1)
        }
    }

    private func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: directory.path) }
}
