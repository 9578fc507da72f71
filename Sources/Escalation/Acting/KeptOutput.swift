import Addresses
import Synchronization

/// The beginning of what a command prints, both streams as they come; the rest is only counted.
final class KeptOutput: Sendable {
    private let limit: Int
    private let state = Mutex<(bytes: [UInt8], dropped: Int)>(([], 0))

    init(limit: Int) { self.limit = limit }

    /// - Returns: false once some was dropped.
    @discardableResult
    func take(_ more: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            let kept = min(more.count, limit - state.bytes.count)
            state.bytes.append(contentsOf: more.prefix(kept))
            state.dropped += more.count - kept
            return state.dropped == 0
        }
    }

    /// As text without the logins of URLs, with what is missing told at its end.
    var text: String {
        let (bytes, dropped) = state.withLock { $0 }
        return URLRedaction.printed(bytes, isCut: dropped > 0) + (dropped > 0 ? "\n[\(dropped) further bytes dropped]" : "")
    }
}
