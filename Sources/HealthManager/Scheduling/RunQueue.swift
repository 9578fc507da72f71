import DequeModule

/// Runs that are due and wait for a slot: bounded overall and per server, first come first served within a server.
///
/// A server whose slots are all taken holds up nobody else's runs.
struct RunQueue<Run: Sendable>: Sendable {
    private struct Lane {
        var running = 0
        var waiting: Deque<Run> = []
        var isReady = false
    }

    let overall: Int
    let perServer: Int
    private(set) var running = 0
    private var lanes: [String: Lane] = [:]
    /// Servers with a run waiting and a slot free, each once, in turn.
    private var ready: Deque<String> = []

    init(overall: Int, perServer: Int) {
        self.overall = overall
        self.perServer = perServer
    }

    mutating func offer(_ run: Run, server: String) {
        lanes[server, default: Lane()].waiting.append(run)
        markReady(server)
    }

    /// The next run that may start now; it holds a slot until `finished`.
    mutating func next() -> Run? {
        guard running < overall, let server = ready.popFirst(), var lane = lanes[server] else { return nil }
        lane.isReady = false
        let run = lane.waiting.popFirst()
        lane.running += 1
        running += 1
        lanes[server] = lane
        markReady(server)
        return run
    }

    mutating func finished(server: String) {
        running -= 1
        lanes[server]?.running -= 1
        markReady(server)
    }

    private mutating func markReady(_ server: String) {
        guard var lane = lanes[server] else { return }
        if lane.waiting.isEmpty, lane.running == 0 {
            lanes[server] = nil
        } else if !lane.isReady, !lane.waiting.isEmpty, lane.running < perServer {
            lane.isReady = true
            lanes[server] = lane
            ready.append(server)
        }
    }
}
