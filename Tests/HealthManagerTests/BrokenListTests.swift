import Logging
import Synchronization
import TestSupport
import Testing

@testable import HealthManager
@testable import Monitoring
@testable import Probing

@Suite struct BrokenListTests {
    /// A list that stays as it is, and how often it was read.
    private final class List: Sendable {
        let reads = Mutex(0)
        let stamp = ListStamp(marks: [1])

        func read(_ seen: ListStamp?, _ reading: ListReading?) throws(ListUnreadable) -> ListReading {
            if seen == stamp { return .unchanged }
            reads.withLock { $0 += 1 }
            guard let reading else { throw ListUnreadable("list: broken", at: stamp) }
            return reading
        }
    }

    @Test("a list that stays broken, or stays bad in part, is read once and told as long as it lasts", arguments: [true, false])
    func readOnce(isBroken: Bool) async {
        let list = List()
        let world = TargetSourceProvider(
            files: { [$0] },
            file: { _, seen throws(ListUnreadable) in
                try list.read(seen, isBroken ? nil : .targets(["a"], list.stamp, leftOut: "list: '' is left out"))
            },
            url: { _, _, _, _ throws(ListUnreadable) in throw ListUnreadable("none") }, addresses: { _ in [] })
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let lists = TargetLists(world: world, time: ManualTime(), logger: logger)
        let targets = TargetList([], sources: [.init(.files, text: "list", place: "list")])
        let definition = ProbeDefinition(
            identity: ProbeIdentity(healthSet: "Web", name: "Ports"), kind: StubKind("tcp", aim: .targets).configured, summary: "",
            scope: .targets(targets), every: .seconds(60), timeout: .seconds(5), location: SourceLocation(path: "a.yaml"))
        lists.watch(Plan(configuration: AgentConfiguration(), definitions: [definition]))
        for _ in 0..<5 { _ = await lists.look(at: definition) }
        #expect(list.reads.withLock { $0 } == 1)
        #expect(lists.facts.map(\.problem) == [isBroken ? "list: broken" : "list: '' is left out"])
        #expect(lists.entries(of: definition).map(\.text) == (isBroken ? [] : ["a"]))
    }
}
