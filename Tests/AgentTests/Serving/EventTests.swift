import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// `/api/v1/events`, as a client receives it.
@Suite struct EventTests {
    /// What any of the three documents has of these.
    private struct Document: Decodable {
        var resultType: String?
        var reason: String?
        var before: State?
        var after: State?
        var monitor: String?
        var escalated: String?
    }

    private enum State: String, Decodable {
        case healthy = "Healthy"
        case degraded = "Degraded"
        case unhealthy = "Unhealthy"
        case unknown = "Unknown"
    }

    private struct Event: CustomStringConvertible {
        var name: String
        var document: Document
        var description: String { "\(name) \(document)" }
    }

    private struct Malformed: Error { var text: String }

    private static func listen(to daemon: Daemon) throws -> Program {
        try Program("curl", ["-sS", "-N", "-D", "/dev/stderr", "http://\(daemon.address)/api/v1/events"])
    }

    /// Everything received until now, without comments and what has not come whole.
    private static func events(_ client: Program) throws -> [Event] {
        var blocks = client.printed.split(separator: "\n\n", omittingEmptySubsequences: false).map(String.init)
        blocks.removeLast()
        return try blocks.filter { !$0.hasPrefix(":") }.map { block in
            let lines = block.split(separator: "\n").map(String.init)
            guard lines.count == 2, lines[0].hasPrefix("event: "), lines[1].hasPrefix("data: ") else { throw Malformed(text: block) }
            let document = try JSONDecoder().decode(Document.self, from: Data(lines[1].dropFirst(6).utf8))
            return Event(name: String(lines[0].dropFirst(7)), document: document)
        }
    }

    @Test("a problem is sent as the result that shows it, the monitor's changes, and the escalation, in this order; then its end")
    func order() async throws {
        let site = try FileSite(["Files/Export"])
        let daemon = try await site.startAgent()
        #expect(try await site.shows("Files", "Healthy"))
        let client = try Self.listen(to: daemon)
        #expect(await client.said("text/event-stream"))
        func has(_ isWanted: (Event) -> Bool) async throws -> Bool {
            try await eventually(within: .seconds(60)) { try Self.events(client).contains(where: isWanted) }
        }
        #expect(try await has { $0.name == "result" && $0.document.resultType == "Succeeded" })
        try site.remove("Export")
        #expect(try await has { $0.name == "escalation" })
        try site.put("Export")
        #expect(try await has { $0.name == "state" && $0.document.after == .healthy })

        let events = try Self.events(client)
        func place(_ isWanted: (Event) -> Bool) throws -> Int {
            let index = events.firstIndex(where: isWanted)
            return try #require(index, "\(events)")
        }
        let order = [
            try place { $0.name == "result" && $0.document.resultType == "Failed" && $0.document.reason == "snapshot_missing" },
            try place { $0.name == "state" && $0.document.before == .healthy && $0.document.after == .degraded },
            try place { $0.name == "state" && $0.document.before == .degraded && $0.document.after == .unhealthy },
            try place { $0.name == "escalation" && $0.document.escalated != nil && $0.document.monitor == "ExportMonitor" },
            try place { $0.name == "state" && $0.document.before == .unhealthy && $0.document.after == .healthy },
        ]
        #expect(order == order.sorted() && Set(order).count == order.count, "\(events)")
        // The result of the run comes right before the change that it causes.
        #expect(order[1] == order[0] + 1 && events[order[4] - 1].document.resultType == "Succeeded", "\(events)")
        #expect(events.count { $0.name == "escalation" } == 1)
    }

    @Test("all listeners are sent the same events, and all streams end whole when the agent is told to stop")
    func shutdown() async throws {
        let site = try FileSite(["Files/Export"])
        let daemon = try await site.startAgent()
        let clients = try (0..<3).map { _ in try Self.listen(to: daemon) }
        for client in clients { #expect(await client.said("text/event-stream")) }
        try site.remove("Export")
        for client in clients {
            #expect(try await eventually(within: .seconds(60)) { try Self.events(client).contains { $0.name == "escalation" } })
        }
        daemon.program.send(SIGTERM)
        #expect(await daemon.program.ended().status == 0)
        for client in clients {
            // curl ends with an error where a chunked answer is cut off.
            let ended = await client.ended()
            #expect(ended.status == 0 && ended.output.hasSuffix("\n\n"), "\(ended.errors)")
        }
        let states = try clients.map { try Self.events($0).filter { $0.name != "result" }.map(\.description) }
        #expect(Set(states).count == 1 && states[0].count >= 3, "\(states)")
    }

    @Test("a listener that reads nothing delays neither the probes nor the other listeners, nor the agent's end")
    func stalled()
        async throws
    {
        let site = try FileSite((0..<40).map { "Files/Export\($0)" })
        let daemon = try await site.startAgent()
        let port = daemon.address.split(separator: ":").last.map(String.init) ?? ""
        let stalled = try Program(
            Program.python,
            [
                "-c",
                """
                import socket, sys, threading
                peer = socket.socket()
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
                peer.connect(("127.0.0.1", int(sys.argv[1])))
                peer.sendall(b"GET /api/v1/events HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
                peer.recv(16)
                print("stalled", file=sys.stderr, flush=True)
                threading.Event().wait()
                """, port,
            ])
        defer { stalled.send(SIGKILL) }
        #expect(await stalled.says("stalled"))
        let client = try Self.listen(to: daemon)
        #expect(try await eventually(within: .seconds(60)) { try Self.events(client).count > 400 })
        try site.remove("Export7")
        #expect(
            try await eventually(within: .seconds(60)) {
                try Self.events(client).contains { $0.name == "escalation" && $0.document.monitor == "Export7Monitor" }
            })
        daemon.program.send(SIGTERM)
        #expect(await daemon.program.ended().status == 0)
        #expect(await client.ended().status == 0)
    }
}
