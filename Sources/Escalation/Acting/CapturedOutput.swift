import Addresses
import Synchronization

/// The beginning of a command's output, both streams interleaved as read; bytes beyond the limit are only counted.
final class CapturedOutput: Sendable {
    private let limit: Int
    private let state = Mutex<(bytes: [UInt8], dropped: Int)>(([], 0))

    init(limit: Int) { self.limit = limit }

    /// - Returns: false once any bytes have been dropped.
    @discardableResult
    func take(_ more: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            let kept = min(more.count, limit - state.bytes.count)
            state.bytes.append(contentsOf: more.prefix(kept))
            state.dropped += more.count - kept
            return state.dropped == 0
        }
    }

    /// The output as text, with credentials in URLs masked and a note on dropped bytes at the end.
    var text: String {
        let (bytes, dropped) = state.withLock { $0 }
        return URLRedaction.printed(bytes, isCut: dropped > 0) + (dropped > 0 ? "\n[\(dropped) further bytes dropped]" : "")
    }
}
