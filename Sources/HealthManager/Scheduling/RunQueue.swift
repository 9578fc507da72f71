import DequeModule

/// Queue of due runs with an overall and a per-server concurrency limit; first in, first out within a server.
///
/// A server that has reached its limit does not delay runs of other servers.
package struct RunQueue<Run: Sendable>: Sendable {
    private struct Group {
        /// Those that count.
        var running = 0
        /// Those that do not count any more.
        var discounted = 0
        var waiting: Deque<Run> = []
        var isReady = false
    }

    package let overall: Int
    package let perServer: Int
    package private(set) var running = 0
    package private(set) var waiting = 0
    private var groups: [String: Group] = [:]
    /// Servers that have a waiting run and are below their limit, each once, in round-robin order.
    private var ready: Deque<String> = []

    package init(overall: Int, perServer: Int) {
        self.overall = overall
        self.perServer = perServer
    }

    /// Queues a run behind those of the same server.
    package mutating func offer(_ run: Run, server: String) {
        groups[server, default: Group()].waiting.append(run)
        waiting += 1
        markReady(server)
    }

    /// The next run that may start now, or nil; it counts as running until `finished` is called.
    package mutating func next() -> Run? {
        guard running < overall, let server = ready.popFirst(), var group = groups[server] else { return nil }
        group.isReady = false
        let run = group.waiting.popFirst()
        group.running += 1
        running += 1
        waiting -= 1
        groups[server] = group
        markReady(server)
        return run
    }

    /// Counts a run that `next` returned as no longer running.
    /// - Parameter isDiscounted: whether `discount` returned true for the run.
    package mutating func finished(server: String, isDiscounted: Bool = false) {
        running -= 1
        if isDiscounted { groups[server]?.discounted -= 1 } else { groups[server]?.running -= 1 }
        markReady(server)
    }

    /// A run that `next` returned continues, but is no longer to count towards the limit of its server.
    /// - Returns: false if it counts on, because such runs of the server have a quarter of all places.
    package mutating func discount(server: String) -> Bool {
        guard let group = groups[server], group.discounted < overall / 4 else { return false }
        groups[server]?.running -= 1
        groups[server]?.discounted += 1
        markReady(server)
        return true
    }

    private mutating func markReady(_ server: String) {
        guard var group = groups[server] else { return }
        if group.waiting.isEmpty, group.running == 0, group.discounted == 0 {
            groups[server] = nil
        } else if !group.isReady, !group.waiting.isEmpty, group.running < perServer {
            group.isReady = true
            groups[server] = group
            ready.append(server)
        }
    }
}
