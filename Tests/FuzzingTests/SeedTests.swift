import Documents
import FoundationEssentials
import Fuzzing
import Testing

/// The fuzzers themselves run under libFuzzer, in a build of their own; here each reads what it begins with.
@Suite struct SeedTests {
    private let corpus = FileManager.default.currentDirectoryPath + "/Tests/Fuzzing/Corpus"

    @Test("each fuzzer takes its seeds", arguments: fuzzers.keys.sorted())
    func seeds(name: String) throws {
        let files = FilePattern("\(corpus)/\(name)/").files()
        try #require(!files.paths.isEmpty && files.problems.isEmpty)
        let fuzzer = try #require(fuzzers[name])
        for path in files.paths { try fuzzer(RegularFile.read(path, atMost: 1 << 20)) }
    }

    @Test("each folder of seeds has a fuzzer")
    func folders() {
        let seeds = FilePattern("\(corpus)/**").files().paths
        let folders = seeds.compactMap { $0.split(separator: "/").dropLast().last.map(String.init) }
        #expect(Set(folders) == Set(fuzzers.keys))
    }
}
