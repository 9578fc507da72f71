import Documents
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@Suite struct RegularFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func clause(_ path: String, atMost limit: Int = 100, isSecret: Bool = false) -> String {
        do throws(FileUnreadable) { return "\(try RegularFile.read(path, atMost: limit, isSecret: isSecret).count) bytes" } catch {
            return error.clause
        }
    }

    @Test("a file is read to its end, also one whose size is not announced")
    func read() throws {
        let path = try directory.write("a", bytes: Array(repeating: 7, count: 100_000))
        #expect(try RegularFile.read(path, atMost: 100_000) == Array(repeating: 7, count: 100_000))
        #expect(try RegularFile.read(directory.write("empty", ""), atMost: 0) == [])
        #expect(try RegularFile.read("/proc/self/status", atMost: 1 << 20).starts(with: Array("Name:".utf8)))
        #expect(clause("/proc/self/status") == "the file is too large: the maximum is 100 bytes")
    }

    @Test("what is no regular file, or too large, is told and not read")
    func refused() throws {
        let sparse = try directory.write("sparse", "")
        #expect(truncate(sparse, 3 << 30) == 0)
        #expect(clause(sparse) == "the file is too large: 3221225472 bytes, the maximum is 100")
        #expect(mkfifo(directory.path + "/pipe", 0o600) == 0)
        #expect(clause(directory.path + "/pipe") == "it is a named pipe, not a regular file")
        #expect(clause(directory.path) == "it is a directory, not a regular file")
        #expect(clause("/dev/zero") == "it is a device, not a regular file")
        #expect(clause(directory.path + "/none") == "there is no such file")
        #expect(clause(sparse + "/below") == "there is no such file")
    }

    @Test("a secret that others may read is refused, with what mends it")
    func secret() throws {
        let path = try directory.write("key", "k")
        for (mode, expected) in [
            (mode_t(0o600), "1 bytes"), (0o640, "1 bytes"),
            (0o644, "it has mode 0644 and is accessible to other users: chmod 0640 \(path)"),
            (0o660, "it has mode 0660 and is accessible to other users: chmod 0640 \(path)"),
        ] {
            chmod(path, mode)
            #expect(clause(path, isSecret: true) == expected)
        }
    }

    @Test("a file takes another's place whole, readable by its owner alone, and follows no link")
    func replace() throws {
        let (path, other) = (directory.path + "/state.json", try directory.write("other", "untouched"))
        #expect(symlink(other, path + ".new") == 0)
        try RegularFile.replace(path, with: Array("one".utf8))
        try RegularFile.replace(path, with: Array("two".utf8))
        #expect(try directory.text("state.json") == "two" && directory.text("other") == "untouched")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(throws: FileUnreadable.self) { try RegularFile.replace(directory.path + "/none/a", with: []) }
    }

    @Test("a folder is listed with all below it; one that cannot be listed is an error")
    func folder() throws {
        for name in ["a.yaml", "b/c.yaml", "b/d/e.yaml"] { try directory.write(name, "") }
        #expect(symlink("..", directory.path + "/b/up") == 0)
        #expect(try Folder.paths(below: directory.path).sorted() == ["a.yaml", "b", "b/c.yaml", "b/d", "b/d/e.yaml", "b/up"])
        let missing = #expect(throws: FileUnreadable.self) { try Folder.paths(below: directory.path + "/none") }
        #expect(missing?.problem == .missing)
        let file = #expect(throws: FileUnreadable.self) { try Folder.paths(below: directory.path + "/a.yaml") }
        #expect(file?.problem == .missing)
    }
}
