import Glibc
import Synchronization

/// The open connection of a mail session, which another thread may cut.
final class MailSocket: Sendable {
    private struct State {
        /// -1 if none is open.
        var descriptor: Int32 = -1
        var isCut = false
    }

    private let state = Mutex(State())

    var isCut: Bool { state.withLock { $0.isCut } }
    /// Whether a connection is open that has not been cut.
    var isOpen: Bool { state.withLock { $0.descriptor >= 0 && !$0.isCut } }

    func opened(_ descriptor: Int32) {
        state.withLock { state in
            state.descriptor = descriptor
            if state.isCut { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Under the lock, so that another connection with the same number is never cut.
    func close(_ descriptor: Int32) -> Int32 {
        state.withLock { state in
            if state.descriptor == descriptor { state.descriptor = -1 }
            return Glibc.close(descriptor)
        }
    }

    /// Ends the connection, and each that is opened later.
    func cut() {
        state.withLock { state in
            state.isCut = true
            if state.descriptor >= 0 { shutdown(state.descriptor, Int32(SHUT_RDWR)) }
        }
    }
}
