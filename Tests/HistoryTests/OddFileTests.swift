import FoundationEssentials
import Glibc
import History
import Monitoring
import TestSupport
import Testing

/// Things in the place of history's files that are none: the agent starts, and says what is in the way.
@Suite struct OddFileTests {
    @Test(
        "a pipe, a folder, a device or a link in the place of a file costs history alone, and hangs nothing",
        arguments: ["history.db", "history.db-wal", "history.db-journal", "history.db.new"])
    func odd(_ name: String) async throws {
        let kinds: [(String, (String) -> Bool)] = [
            ("a named pipe", { mkfifo($0, 0o600) == 0 }), ("a directory", { mkdir($0, 0o700) == 0 }),
            ("a link", { symlink("/etc/passwd", $0) == 0 }),
        ]
        for (shape, make) in kinds {
            let site = try await StoreSite()
            let path = site.path + "/" + name
            if name.hasPrefix("history.db-") { _ = site.open() }
            unlink(path)
            #expect(make(path))
            let store = site.open()
            #expect(store.facts.problem == "cannot write history: \(path) is \(shape), not a regular file")
            #expect(store.restore().overrides.isEmpty)
            var status = stat()
            #expect(lstat(path, &status) == 0, "it is left as it is")
        }
    }

    @Test("the file and what lies beside it is its owner's alone, whatever the umask and whatever it was before")
    func modes() async throws {
        let site = try await StoreSite()
        let usual = umask(0)
        defer { umask(usual) }
        for _ in 0..<2 {
            try await site.run { store in
                try await store.persist(.override(site.override()))
                for name in ["history.db", "history.db-wal", "history.db-shm"] {
                    var status = stat()
                    #expect(stat(site.path + "/" + name, &status) == 0 && status.st_mode & 0o777 == 0o600, "\(name)")
                }
            }
            chmod(site.database, 0o666)
        }
    }
}
