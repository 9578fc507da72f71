import Synchronization

/// Tells work that nobody waits for its result any more. It is abandoned at most once, and stays so.
package final class Abandonment: Sendable {
    private struct State {
        var isAbandoned = false
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    package var isAbandoned: Bool { state.withLock(\.isAbandoned) }

    /// Sets what is done when the work is abandoned, at once if it has been; nil removes it. There is one action at a time.
    package func onAbandon(_ action: (@Sendable () -> Void)?) {
        let isAbandoned = state.withLock { state in
            state.action = state.isAbandoned ? nil : action
            return state.isAbandoned
        }
        if isAbandoned { action?() }
    }

    package func abandon() {
        let action = state.withLock { state in
            state.isAbandoned = true
            return state.action.take()
        }
        action?()
    }
}
