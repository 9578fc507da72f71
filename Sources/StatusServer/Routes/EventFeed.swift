import API
import Documents
import FoundationEssentials
import Hummingbird
package import Monitoring
import NIOCore
package import Probing
import ServiceLifecycle
import Synchronization

/// `/api/v1/events`: one server-sent event for each result, each state change of a monitor and each escalated episode.
package final class EventFeed: ResultObserver, Service {
    private typealias Listener = AsyncStream<ByteBuffer>.Continuation

    /// Events buffered per client; for a client that does not keep up, the oldest are dropped.
    private static let buffered = 1000
    private static let heartbeat: Duration = .seconds(15)

    private let listeners = Mutex<[UUID: Listener]>([:])
    private let time: any TimeSource

    /// - Parameter time: paces the heartbeat comments.
    package init(time: any TimeSource) { self.time = time }

    /// Sends the change to all connected clients without waiting for them.
    package func changed(_ change: CacheChange) {
        guard listeners.withLock({ !$0.isEmpty }) else { return }
        switch change {
        case .ran(let result): send("result", ResultDocument(result))
        case .moved(let transition): send("state", StateChange(transition))
        case .escalated(let episode): send("escalation", episode)
        case .adopted, .updated, .decided, .expired, .removed: break
        }
    }

    /// Sends a comment every 15 s to keep idle connections alive; on graceful shutdown, ends all streams and returns.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await self.time.sleep(until: self.time.elapsed + Self.heartbeat)) != nil { self.send(ByteBuffer(string: ":\n\n")) }
        }
        // Outside the lock: finishing a stream removes its listener, which takes the lock.
        for listener in listeners.withLock({ Array($0.values) }) { listener.finish() }
    }

    func response() -> Response {
        let id = UUID()
        let (events, listener) = AsyncStream.makeStream(of: ByteBuffer.self, bufferingPolicy: .bufferingNewest(Self.buffered))
        listener.onTermination = { [weak self] _ in self?.listeners.withLock { $0[id] = nil } }
        listeners.withLock { $0[id] = listener }
        listener.yield(ByteBuffer(string: ": events of the agent\n\n"))
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: ResponseBody(asyncSequence: events))
    }

    private func send(_ name: String, _ document: some Encodable) {
        guard let bytes = try? JSONText.encode(document) else { return }
        send(ByteBuffer(bytes: Array("event: \(name)\ndata: ".utf8) + bytes + Array("\n\n".utf8)))
    }

    private func send(_ event: ByteBuffer) {
        for listener in listeners.withLock({ Array($0.values) }) { listener.yield(event) }
    }
}
