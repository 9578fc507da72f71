import Synchronization

/// Who has taken its place, and a way to wait for all of them.
final class Readiness: Sendable {
    private struct State {
        var ready: Set<String> = []
        var waiting: [(names: Set<String>, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func isReady(_ name: String) {
        state.withLock { state in
            state.ready.insert(name)
            for waiter in state.waiting where waiter.names.isSubset(of: state.ready) { waiter.continuation.resume() }
            state.waiting.removeAll { $0.names.isSubset(of: state.ready) }
        }
    }

    func forget(_ name: String) { state.withLock { _ = $0.ready.remove(name) } }

    func wait(for names: Set<String>) async {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if names.isSubset(of: state.ready) { continuation.resume() } else { state.waiting.append((names, continuation)) }
            }
        }
    }
}
