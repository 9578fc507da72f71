import Documents
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@Suite struct FilePatternTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        for name in ["a.pem", "b.crt", ".hidden.pem", "one/c.pem", "one/two/d.pem", "one/two/e.key", ".git/f.pem"] {
            try directory.write(name, "x")
        }
    }

    /// The names below the directory that a pattern finds there, and the clauses of its problems.
    private func found(_ pattern: String, excluding: [String] = []) -> String {
        let files = FilePattern("\(directory.path)/\(pattern)", excluding: excluding).files()
        let names = files.paths.map { String($0.dropFirst(directory.path.count + 1)) }
        return (names + files.problems.map { "(\($0.clause))" }).joined(separator: " ")
    }

    @Test(
        "a pattern finds the files that it names",
        arguments: [
            ("a.pem", "a.pem"), ("*.pem", "a.pem"), ("?.*", "a.pem b.crt"), ("[ab].*", "a.pem b.crt"), ("", "a.pem b.crt .hidden.pem"),
            ("**/*.pem", "a.pem one/c.pem one/two/d.pem"), ("**", "a.pem b.crt one/c.pem one/two/d.pem one/two/e.key"),
            ("*/c.pem", "one/c.pem"), ("one/**/two/*", "one/two/d.pem one/two/e.key"), ("**/one/**/*.pem", "one/c.pem one/two/d.pem"),
            (".hidden*", ".hidden.pem"), ("none.pem", "(there is no such file)"), ("none*", ""), ("a.pem/below", "(there is no such file)"),
            ("one", "one/c.pem"), ("//one///c.pem", "one/c.pem"),
        ])
    func found(pattern: String, expected: String) {
        #expect(Set(found(pattern).split(separator: " ")) == Set(expected.split(separator: " ")))
    }

    @Test("what is excluded is left out")
    func excluded() throws {
        #expect(found("**/*.pem", excluding: ["*/two/*", "*/a.pem"]) == "one/c.pem")
        // The same directory by another way is searched.
        #expect(symlink("one/two", directory.path + "/zz") == 0)
        #expect(found("**/*.pem", excluding: ["*/one/*"]) == "a.pem zz/d.pem")
    }

    @Test("a search that is ended is not complete")
    func ended() {
        var asked = 0
        let files = FilePattern("\(directory.path)/**").files {
            asked += 1
            return asked < 2
        }
        #expect(!files.isComplete && asked >= 2 && FilePattern(directory.path).files().isComplete)
    }

    @Test("links are followed, and a circle of them is searched once")
    func links() throws {
        #expect(symlink(directory.path, directory.path + "/one/back") == 0)
        #expect(symlink("../a.pem", directory.path + "/one/link.pem") == 0)
        #expect(symlink("nowhere", directory.path + "/one/broken.pem") == 0)
        #expect(found("**/*.pem") == "a.pem one/c.pem one/link.pem one/two/d.pem")
        #expect(found("one/broken.pem") == "(there is no such file)")
    }

    @Test("pipes, devices and the kernel's files are skipped, and are a problem if they are named")
    func special() throws {
        #expect(mkfifo(directory.path + "/pipe.pem", 0o600) == 0)
        #expect(found("*.pem") == "a.pem")
        #expect(found("pipe.pem") == "(it is a named pipe, not a regular file)")
        #expect(FilePattern("/proc/self/*").files().paths == [] && FilePattern("/sys/**").files().paths == [])
        #expect(FilePattern("/proc/self/status").files().problems.map(\.clause) == ["it is a file of the kernel, not a regular file"])
        #expect(FilePattern("/dev/zero").files().problems.map(\.clause) == ["it is a device, not a regular file"])
    }

    @Test("a name that is no text, and a directory that cannot be read, are problems")
    func problems() throws {
        let folder = directory.path + "/odd"
        #expect(mkdir(folder, 0o700) == 0)
        let name = Array(folder.utf8CString.dropLast()) + [47, -1, 46, 112, 101, 109, 0]
        let descriptor = open(name, O_CREAT | O_WRONLY, 0o600)
        #expect(descriptor >= 0)
        close(descriptor)
        #expect(found("odd/*").hasPrefix("(cannot be read: ") && found("odd/*.crt") == "" && found("**/*.crt") == "b.crt")
        var deep = directory.path
        for _ in 0..<80 { deep += "/d" }
        try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
        #expect(found("d/**/*.pem").hasPrefix("(cannot be read: "))
    }
}
