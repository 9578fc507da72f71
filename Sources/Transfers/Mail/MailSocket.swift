import CLinux
import Glibc
import Synchronization

/// The open connection of a mail session, which another thread may cut.
final class MailSocket: Sendable {
    private struct State {
        /// -1 if none is open.
        var descriptor: Int32 = -1
        var isCut = false
        var isOnly = false
    }

    private let state = Mutex(State())

    var isCut: Bool { state.withLock { $0.isCut } }
    /// Whether a connection is open that has not been cut.
    var isOpen: Bool { state.withLock { $0.descriptor >= 0 && !$0.isCut } }

    /// - Returns: false if it may not be used.
    func opened(_ descriptor: Int32) -> Bool {
        state.withLock { state in
            guard !state.isCut, !state.isOnly else { return false }
            state.descriptor = descriptor
            return true
        }
    }

    /// Under the lock, so that another connection with the same number is never cut.
    func close(_ descriptor: Int32) -> Int32 {
        state.withLock { state in
            if state.descriptor == descriptor { state.descriptor = -1 }
            return Glibc.close(descriptor)
        }
    }

    /// Keeps the connection that is open the only one: another would not know what was agreed on this one.
    func keepOnly() { state.withLock { $0.isOnly = true } }

    /// Ends the connection; no other one is opened.
    func cut() {
        state.withLock { state in
            state.isCut = true
            if state.descriptor >= 0 { shutdown(state.descriptor, Int32(SHUT_RDWR)) }
        }
    }
}
