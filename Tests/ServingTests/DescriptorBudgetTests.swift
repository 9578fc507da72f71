import Testing

@testable import Serving

@Suite struct DescriptorBudgetTests {
    @Test(
        "connections and probes together take no more descriptors than there are beside the agent's own",
        arguments: [64, 100, 256, 1024, 65536])
    func shares(limit: Int) throws {
        let budget = try DescriptorBudget(limit: limit)
        #expect(budget.connections >= 8 && budget.controlConnections >= 4 && budget.runs >= 4)
        #expect(budget.connections + budget.controlConnections + 2 * budget.runs <= limit - 40)
    }

    @Test("too few descriptors are told in a sentence that says how many are needed")
    func tooFew() {
        #expect(throws: DescriptorBudget.TooFew.self) { try DescriptorBudget(limit: 63) }
        #expect((try? DescriptorBudget(limit: 8)) == nil)
    }
}
