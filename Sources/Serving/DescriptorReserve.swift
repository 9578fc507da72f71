import Glibc
import Synchronization

/// Descriptors kept open as a reserve: when no others are left, they are closed so that a scrape can still be accepted.
final class DescriptorReserve: Sendable {
    private static let size = 2

    private let held = Mutex<[Int32]>([])

    init() { refill() }

    deinit { for descriptor in held.withLock(\.self) { close(descriptor) } }

    /// Closes one of the reserved descriptors.
    /// - Returns: false if none was left.
    func release() -> Bool {
        guard let descriptor = held.withLock({ $0.popLast() }) else { return false }
        close(descriptor)
        return true
    }

    /// Opens descriptors until the reserve is complete, as far as possible.
    func refill() {
        held.withLock { held in
            while held.count < Self.size {
                let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
                guard descriptor >= 0 else { return }
                held.append(descriptor)
            }
        }
    }
}
