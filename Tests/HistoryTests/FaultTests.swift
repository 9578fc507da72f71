import FoundationEssentials
import Glibc
import History
import Probing
import TestSupport
import Testing

@testable import Monitoring

/// Disks that are full, files that are lost: only history suffers, and it comes back.
@Suite struct FaultTests {
    static let garbage = [UInt8](repeating: 0x5A, count: 100_000)

    @Test("a file that is no database is set aside at the start, and a new one begun")
    func garbageAtStart() async throws {
        let site = try await StoreSite()
        try site.directory.write("state/history.db", bytes: Self.garbage)
        try await site.run { store in
            #expect(store.facts.problem == nil)
            try await store.persist(.override(site.override()))
        }
        #expect(site.setAside == ["history.db.broken-2027-01-15T080000Z"], "\(site.files)")
        #expect(site.log.all.contains { $0.contains("moved it aside") })
        #expect(site.open().restore().overrides.count == 1)
    }

    @Test("what only a damaged file can contain is not restored: dates with which nothing can be computed, days and times that no week has")
    func impossibleValues() async throws {
        let site = try await StoreSite()
        let weekly = [
            ("Set", "weekday", "1"), ("A", "weekday", "-9223372036854775808"), ("B", "weekday", "8"), ("C", "minute", "1440"),
            ("D", "minute", "9223372036854775807"), ("E", "minutes", "9223372036854775807"), ("F", "from", "1e300"),
        ]
        try await site.run { store in
            for (component, _, _) in weekly {
                var maintenance = site.maintenance(component)
                maintenance.window = .weekly(weekday: 7, minute: 1439, minutes: 8640, from: site.time.now)
                try await store.persist(.maintenance(maintenance))
            }
            let others: [JournalEntry] = [
                .maintenance(site.maintenance("once")), .override(site.override()), .override(site.override(property: "timeout")),
                .episode(site.episode()), .attempt(site.attempt()),
            ]
            for entry in others { try await store.persist(entry) }
        }
        var changes = weekly.map { ("decision", "component", $0, "$.window.weekly.\($1)", $2) }
        changes += [
            ("decision", "component", "once", "$.window.once.from", "1e300"), ("decision", "property", "every", "$.end.date._0", "-1e300"),
            ("episode", "monitor", "M", "$.began", "1e300"), ("attempt", "responder", "pager", "$.at", "1e300"),
        ]
        let statements = changes.map { table, key, name, path, value in
            "UPDATE \(table) SET body = json_set(body, '\(path)', \(value)) WHERE json_extract(body, '$.\(key)') = '\(name)'"
        }
        try await site.change(statements)
        let restored = site.open().restore()
        #expect(restored.maintenance.map(\.component) == ["Set"])
        #expect(restored.overrides.map(\.property) == ["timeout"])
        #expect(restored.episodes.isEmpty && restored.attempts.isEmpty)
    }

    @Test("a row with a value of another type is left out, and the others are read")
    func otherTypes() async throws {
        let site = try await StoreSite()
        let columns = [
            "result": ["type", "reason", "sentence", "duration", "sample"], "event": ["what", "sentence"], "attempt": ["what"],
        ]
        try await site.run { store in
            for index in 0...5 { store.record(site.result(at: Double(index))) }
            for index in 0...2 {
                try await store.persist(.override(site.override(property: "options.p\(index)")))
                try await store.persist(.attempt(site.attempt()))
            }
        }
        let bytes = "x'ff'"
        try await site.change(
            columns.flatMap { table, columns in
                columns.enumerated().map { "UPDATE \(table) SET \($1) = \(bytes) WHERE rowid = \($0 + 1)" }
            } + ["UPDATE decision SET body = \(bytes) WHERE rowid = 1", "INSERT INTO subject (identity, server) VALUES (\(bytes), 'mbx')"])
        try await site.run { store in
            var query = HistoryQuery()
            for (sort, count) in [(HistoryQuery.Sort.result, 1), (.decision, 1), (.attempt, 2)] {
                query.sorts = [sort]
                let found = try await store.history(query).count
                #expect(found == count, "\(sort)")
            }
            query.server = "mbx01"
            query.sorts = [.result]
            let found = try await store.history(query).count
            #expect(found == 1)
            #expect(store.restore().overrides.count == 2 && store.facts.problem == nil)
        }
    }

    @Test(
        "a file written over, replaced or removed while the agent runs is followed by a new one with all that stands",
        arguments: ["over", "replaced", "removed"])
    func lostWhileRunning(_ how: String) async throws {
        let site = try await StoreSite()
        let (override, maintenance, episode, attempt) = (site.override(), site.maintenance(), site.episode(), site.attempt())
        try await site.run { store in
            for entry: JournalEntry in [.override(override), .maintenance(maintenance), .episode(episode), .attempt(attempt)] {
                try await store.persist(entry)
            }
            switch how {
            case "over":
                let file = Glibc.open(site.database, O_WRONLY | O_TRUNC)
                _ = write(file, Self.garbage, Self.garbage.count)
                close(file)
            case "replaced":
                try site.directory.write("state/other", bytes: Self.garbage)
                rename(site.path + "/other", site.database)
            default: unlink(site.database)
            }
            store.record(site.result())
            try await store.persist(.override(site.override("5s", property: "timeout")))
            #expect(store.facts.problem == nil)
            var query = HistoryQuery()
            query.sorts = [.result, .decision]
            #expect(try await store.history(query).count == 2)
        }
        #expect(site.setAside.count == (how == "removed" ? 0 : 1))
        let restored = site.open().restore()
        #expect(restored.overrides.count == 2)
        #expect(restored.maintenance == [maintenance])
        #expect(restored.episodes == [episode])
        #expect(restored.attempts == [attempt])
    }

    @Test("a file damaged in its middle gives up what can still be read of what stands")
    func damaged() async throws {
        let site = try await StoreSite()
        try await site.run { store in
            try await store.persist(.override(site.override()))
            for _ in 0..<20_000 { store.record(site.result()) }
            try await store.flush()
        }
        let file = Glibc.open(site.database, O_WRONLY)
        _ = pwrite(file, Self.garbage, Self.garbage.count, 40 * 4096)
        close(file)
        try await site.run { store in
            for _ in 0..<5000 { store.record(site.result()) }
            try await store.persist(.maintenance(site.maintenance()))
        }
        let restored = site.open().restore()
        #expect(restored.overrides.count == 1)
        #expect(restored.maintenance.count == 1)
    }

    @Test("a new file that was complete when the process died takes its place at the next start")
    func interrupted() async throws {
        let site = try await StoreSite()
        try await site.run { try await $0.persist(.override(site.override())) }
        rename(site.database, site.database + ".new")
        try site.directory.write("state/history.db", bytes: Self.garbage)
        try site.directory.write("state/history.db.making", bytes: Self.garbage)
        #expect(site.open().restore().overrides.count == 1)
        #expect(site.setAside.count == 1)
    }

    @Test("where no directory can be, all goes on without history until there is one")
    func noDirectory() async throws {
        let site = try await StoreSite()
        rmdir(site.path)
        try site.directory.write("state", "a file")
        try await site.run { store in
            let problem = try #require(store.facts.problem)
            #expect(problem.contains("cannot write history"))
            await #expect(throws: JournalError.self) { try await store.flush() }
            await #expect(throws: JournalError.self) { try await store.persist(.override(site.override())) }
            await #expect(throws: JournalError.self) { try await store.history(HistoryQuery()) }
            store.record(site.result())
            let episode = site.episode()
            store.record(.episode(episode))
            #expect(store.facts.dropped == 1)
            unlink(site.path)
            mkdir(site.path, 0o700)
            site.time.advance(by: .seconds(60))
            await site.log.says("history is written again")
            #expect(try await store.history(HistoryQuery()).isEmpty)
            #expect(site.open().restore().episodes == [episode])
            #expect(site.open().restore().overrides == [])
        }
    }

    @Test("a full disk costs results; the rest is kept back, what was refused never appears", .enabled(if: StoreSite.isRoot))
    func fullDisk() async throws {
        let site = try await StoreSite(tmpfs: "2m")
        let refused = site.override("1s", property: "timeout")
        var episode = site.episode()
        try await site.run { store in
            try await store.persist(.override(site.override()))
            try site.fill()
            var refusal: JournalError?
            // What the log still has room for is written.
            for _ in 0..<2000 where refusal == nil {
                for _ in 0..<100 { store.record(site.result("P", .failed)) }
                do throws(JournalError) { try await store.flush() } catch { refusal = error }
            }
            #expect(refusal?.description.contains("is full") == true, "\(String(describing: refusal))")
            #expect(store.facts.problem == refusal?.description)
            await #expect(throws: JournalError.self) { try await store.persist(.override(refused)) }
            store.record(.episode(episode))
            episode.sentence = "later"
            store.record(.episode(episode))
            let dropped = store.facts.dropped
            store.record(site.result())
            #expect(dropped > 0 && store.facts.dropped == dropped + 1)
            #expect(try await !store.history(HistoryQuery()).isEmpty)

            site.makeRoom()
            site.time.advance(by: .seconds(30))
            await site.log.says("history is written again")
            try await store.flush()
            #expect(store.facts.problem == nil)
            store.record(site.result("After"))
            try await store.flush()
            #expect(try await store.history(HistoryQuery()).first?.subject == "Set\\After")
        }
        let restored = site.open().restore()
        #expect(restored.overrides.map(\.value) == ["60s"])
        #expect(restored.episodes == [episode])
    }

    @Test("a decision tries the disk at once, without waiting for the next look", .enabled(if: StoreSite.isRoot))
    func atOnce() async throws {
        let site = try await StoreSite(tmpfs: "1m")
        try await site.run { store in
            try site.fill()
            var isRefused = false
            for index in 0..<2000 where !isRefused {
                do throws(JournalError) { try await store.persist(.override(site.override("\(index)s"))) } catch { isRefused = true }
            }
            #expect(isRefused && store.facts.problem != nil)
            site.makeRoom()
            try await store.persist(.override(site.override("1d")))
            #expect(store.facts.problem == nil)
        }
        #expect(site.open().restore().overrides.map(\.value) == ["1d"])
    }

    @Test("a read-only directory: what stands is read, and history goes on once it can be written", .enabled(if: StoreSite.isRoot))
    func readOnly() async throws {
        let site = try await StoreSite(tmpfs: "4m")
        let (override, maintenance) = (site.override(), site.maintenance())
        try await site.run { try await $0.persist(.override(override)) }
        try await site.remount("ro")
        try await site.run { store in
            #expect(store.restore().overrides == [override])
            #expect(store.facts.problem?.contains("read-only") ?? false || store.facts.problem?.contains("opened") ?? false)
            await #expect(throws: JournalError.self) { try await store.persist(.maintenance(maintenance)) }
            try await site.remount("rw")
            site.time.advance(by: .seconds(60))
            await site.log.says("history is written again")
            try await store.persist(.maintenance(maintenance))
        }
        #expect(site.open().restore().overrides == [override])
        #expect(site.open().restore().maintenance == [maintenance])
    }
}
