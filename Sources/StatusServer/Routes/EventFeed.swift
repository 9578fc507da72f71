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
    /// A connected client.
    private struct Listener {
        let stream: AsyncStream<ByteBuffer>.Continuation
        /// Whether it is told of results as well.
        let wantsResults: Bool
    }

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
        case .ran(let result): send("result", ResultDocument(result), isResult: true)
        case .moved(let transition): send("state", StateChange(transition))
        case .escalated(let episode): send("escalation", episode)
        case .decided, .expired, .adopted: send("decision", Decision())
        case .updated, .removed: break
        }
    }

    /// Sends a comment every 15 s to keep idle connections alive; on graceful shutdown, ends all streams and returns.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await self.time.sleep(until: self.time.elapsed + Self.heartbeat)) != nil { self.send(ByteBuffer(string: ":\n\n")) }
        }
        // Outside the lock: finishing a stream removes its listener, which takes the lock.
        for listener in listeners.withLock({ Array($0.values) }) { listener.stream.finish() }
    }

    /// - Parameter wantsResults: false leaves out the events of single results.
    func response(wantsResults: Bool) -> Response {
        let id = UUID()
        let (events, stream) = AsyncStream.makeStream(of: ByteBuffer.self, bufferingPolicy: .bufferingNewest(Self.buffered))
        stream.onTermination = { [weak self] _ in self?.listeners.withLock { $0[id] = nil } }
        listeners.withLock { $0[id] = Listener(stream: stream, wantsResults: wantsResults) }
        stream.yield(ByteBuffer(string: ": events of the agent\n\n"))
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: ResponseBody(asyncSequence: events))
    }

    /// The document of an event that says only that something was decided, expired or reloaded.
    private struct Decision: Encodable {}

    private func send(_ name: String, _ document: some Encodable, isResult: Bool = false) {
        guard !isResult || listeners.withLock({ $0.values.contains(where: \.wantsResults) }) else { return }
        guard let bytes = try? JSONText.encode(document) else { return }
        send(ByteBuffer(bytes: Array("event: \(name)\ndata: ".utf8) + bytes + Array("\n\n".utf8)), isResult: isResult)
    }

    private func send(_ event: ByteBuffer, isResult: Bool = false) {
        for listener in listeners.withLock({ Array($0.values) }) where !isResult || listener.wantsResults { listener.stream.yield(event) }
    }
}
