import FoundationEssentials
package import HealthManager
import Hummingbird
import NIOCore
import ServiceLifecycle
import Synchronization

/// `/api/v1/events`: one server-sent event for each new result and each change of a monitor's state.
package final class EventFeed: ResultObserver, Service {
    private typealias Listener = AsyncStream<ByteBuffer>.Continuation

    /// A listener that does not read loses the oldest.
    private static let buffered = 1000
    private static let heartbeat: Duration = .seconds(15)

    private let listeners = Mutex<[UUID: Listener]>([:])
    private let time: any TimeSource

    package init(time: any TimeSource) { self.time = time }

    package func changed(_ change: CacheChange) {
        guard listeners.withLock({ !$0.isEmpty }) else { return }
        switch change {
        case .ran(let result): send("result", ResultDocument(result))
        case .moved(let transition): send("state", TransitionRecord(transition))
        case .escalated(let episode): send("escalation", episode)
        case .adopted, .updated, .decided, .removed: break
        }
    }

    /// Keeps connections alive that nothing happens on, and ends them when the agent ends.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await self.time.sleep(until: self.time.elapsed + Self.heartbeat)) != nil { self.send(ByteBuffer(string: ":\n\n")) }
        }
        // Outside the lock: each of them takes itself out.
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
