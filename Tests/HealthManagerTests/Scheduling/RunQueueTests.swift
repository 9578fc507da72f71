import HealthManager
import Testing

@Suite struct RunQueueTests {
    private struct Run: Sendable, Equatable, CustomStringConvertible {
        var server: String
        var number: Int
        var description: String { "\(server)\(number)" }
    }

    /// A queue to which each server has offered so many runs, one server after the other.
    private func queue(overall: Int = 1000, perServer: Int = 1000, _ offered: [(server: String, count: Int)]) -> RunQueue<Run> {
        var queue = RunQueue<Run>(overall: overall, perServer: perServer)
        for (server, count) in offered { for number in 1...count { queue.offer(Run(server: server, number: number), server: server) } }
        return queue
    }

    private func begun(_ queue: inout RunQueue<Run>) -> [String] {
        var begun: [String] = []
        while let run = queue.next() { begun.append(run.description) }
        return begun
    }

    @Test("within a server runs begin in the order in which they were offered")
    func firstInFirstOut() {
        var queue = queue(perServer: 1, [("a", 4)])
        for number in 1...4 {
            #expect(queue.next() == Run(server: "a", number: number))
            #expect(queue.next() == nil)
            queue.finished(server: "a")
        }
        #expect(queue.next() == nil)
    }

    @Test("servers take turns, however many runs one of them has offered first")
    func roundRobin() {
        var queue = queue([("a", 5), ("b", 2), ("c", 1)])
        #expect(begun(&queue) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4", "a5"])
    }

    @Test("a server at its limit holds back no other, and goes on when one of its runs has ended")
    func limitOfOne() {
        var queue = queue(perServer: 2, [("a", 4), ("b", 3)])
        #expect(begun(&queue) == ["a1", "b1", "a2", "b2"])
        queue.finished(server: "a")
        #expect(begun(&queue) == ["a3"])
        // A run offered while the server is at its limit waits behind the ones that wait already.
        queue.offer(Run(server: "a", number: 9), server: "a")
        #expect(begun(&queue) == [])
        queue.finished(server: "b")
        #expect(begun(&queue) == ["b3"])
        for _ in 0..<2 { queue.finished(server: "a") }
        #expect(begun(&queue) == ["a4", "a9"])
    }

    @Test("no more runs than the overall limit are under way, and a place that becomes free goes to the server whose turn it is")
    func overallLimit() {
        var queue = queue(overall: 3, [("a", 3), ("b", 3)])
        #expect(begun(&queue) == ["a1", "b1", "a2"])
        #expect(queue.running == 3)
        queue.finished(server: "a")
        #expect(queue.running == 2)
        #expect(begun(&queue) == ["b2"])
        queue.finished(server: "a")
        queue.finished(server: "b")
        #expect(begun(&queue) == ["a3", "b3"])
        #expect(queue.running == 3)
    }

    @Test("a thousand runs of one server delay a run of another by one run")
    func crowd() {
        var queue = queue(overall: 1, perServer: 1, [("crowd", 1000)])
        #expect(queue.next()?.server == "crowd")
        queue.offer(Run(server: "one", number: 1), server: "one")
        queue.finished(server: "crowd")
        var waited = 0
        while let run = queue.next(), run.server != "one" {
            waited += 1
            queue.finished(server: run.server)
        }
        #expect(waited <= 1)
    }
}
