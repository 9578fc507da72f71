import Probing
import Testing

@Suite struct ShardTests {
    @Test("a target is in the shard in which Prometheus's hashmod has it, and in no other")
    func hashmod() {
        let expected: [(String, Int, Int)] = [
            ("https://mail.fabrikam.com/", 0, 3), ("mbx01.fabrikam.com:443", 0, 2), ("127.0.0.1:1", 0, 2), ("https://café.example/", 0, 6),
        ]
        for (target, ofThree, ofSeven) in expected {
            #expect((0..<3).filter { Shard(index: $0, of: 3).holds(target) } == [ofThree], "\(target)")
            #expect((0..<7).filter { Shard(index: $0, of: 7).holds(target) } == [ofSeven], "\(target)")
        }
    }

    @Test("three shards cover each of a thousand targets exactly once, in parts of about the same size")
    func cover() {
        let targets = (0..<1000).map { "https://host\($0).fabrikam.com/" }
        let parts = (0..<3).map { index in targets.filter { Shard(index: index, of: 3).holds($0) } }
        #expect(parts.flatMap(\.self).sorted() == targets.sorted())
        #expect(parts.allSatisfy { (250...420).contains($0.count) }, "\(parts.map(\.count))")
    }
}
