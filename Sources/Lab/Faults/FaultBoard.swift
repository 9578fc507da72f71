import Synchronization

/// Which faults are on. Whoever must change its ways with them is told of each change.
final class FaultBoard: Sendable {
    private struct State {
        var active: [Fault] = []
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    var active: [Fault] { state.withLock(\.active) }

    func isOn(_ fault: Fault) -> Bool { active.contains { $0.name == fault.name } }

    /// - Returns: false when it already was as asked.
    func turn(_ fault: Fault, on: Bool) -> Bool {
        state.withLock { state in
            let isOn = state.active.contains { $0.name == fault.name }
            guard isOn != on else { return false }
            if on { state.active.append(fault) } else { state.active.removeAll { $0.name == fault.name } }
            for listener in state.listeners.values { listener.yield() }
            return true
        }
    }

    func connection(at place: Fault.Role) -> Fault.Connection? {
        active.lazy.flatMap(\.effects).compactMap { if case .connection(place, let fault) = $0 { fault } else { nil } }.first
    }

    func answer(at place: Fault.Role) -> Fault.Answer? {
        active.lazy.flatMap(\.effects).compactMap { if case .answer(place, let fault) = $0 { fault } else { nil } }.first
    }

    var files: [Fault.File] { active.flatMap(\.effects).compactMap { if case .file(let file) = $0 { file } else { nil } } }

    var snapshot: Fault.Snapshot? {
        active.lazy.flatMap(\.effects).compactMap { if case .snapshot(let fault) = $0 { fault } else { nil } }.first
    }

    /// What the organization's OAuth certificate is now.
    var certificate: OAuthCertificates.Variant {
        active.lazy.flatMap(\.effects).compactMap { if case .certificate(let variant) = $0 { variant } else { nil } }.first ?? .healthy
    }

    var isRotated: Bool { active.contains { $0.effects.contains { if case .rotated = $0 { true } else { false } } } }

    /// An element now, and one after each change.
    func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        continuation.onTermination = { _ in self.state.withLock { $0.listeners[id] = nil } }
        continuation.yield()
        return stream
    }
}
