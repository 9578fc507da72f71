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
}
