package import Monitoring

/// Carries out the actions of responders.
package protocol ResponderActing: Sendable {
    /// Runs the responder's action within its timeout. Never throws; a failure is described in the result's `detail`.
    func act(_ responder: Responder, event: ResponderEvent) async -> ActionResult
}

/// The outcome of an action.
package struct ActionResult: Sendable, Hashable {
    package var succeeded: Bool
    package var detail: String
    /// Whether the action failed without any effect, so that it is safe to retry.
    package var isUndone: Bool

    package init(_ succeeded: Bool, _ detail: String, isUndone: Bool = false) {
        self.succeeded = succeeded
        self.detail = detail
        self.isUndone = isUndone
    }
}
