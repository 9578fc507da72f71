import HealthManager
import Monitoring
import Probing
import Testing

extension TargetListTests {
    @Test("more targets than may be are left out, and said so")
    func tooMany() async throws {
        world.list("lists/a", (0..<100).map { "a\($0)" })
        let site = try site(TargetList(["inline"], sources: [Self.files]), limit: 100)
        let (facts, probes) = await site.manager.agentFacts()
        #expect(probes == 100)
        #expect(facts.targetLists.map(\.problem) == [nil, "1 targets are ignored, the maximum is 100"])
        world.list("lists/a", (0...100).map { "a\($0)" })
        try await ChangeRequests(site.manager).reload()
        #expect(
            await site.manager.agentFacts().facts.targetLists.first?.problem == "lists/a lists 101 targets, the maximum is 100")
    }

    @Test("agents with a shard each probe every target of the definition and of its lists, and none of them twice")
    func shards() async throws {
        let listed = (0..<30).map { "listed\($0)" }
        world.list("lists/a", listed + ["inline0"])
        var parts: [[String]] = []
        for index in 0..<3 {
            let site = try site(TargetList(["inline0", "inline1"], sources: [Self.files]), shard: Shard(index: index, of: 3))
            parts.append(await Self.targets(site.manager))
        }
        #expect(parts.allSatisfy { !$0.isEmpty } && parts.flatMap(\.self).sorted() == (listed + ["inline0", "inline1"]).sorted())
    }
}
