import Glibc
import Synchronization

/// A few descriptors kept open for nothing, to be given up when there are no others: a scrape can then still be accepted.
final class DescriptorReserve: Sendable {
    private static let size = 2

    private let held = Mutex<[Int32]>([])

    init() { refill() }

    deinit { for descriptor in held.withLock(\.self) { close(descriptor) } }

    /// - Returns: false where none was left.
    func release() -> Bool {
        guard let descriptor = held.withLock({ $0.popLast() }) else { return false }
        close(descriptor)
        return true
    }

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
