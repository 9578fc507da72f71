import Dispatch
import Glibc

/// Ends the process if a graceful shutdown takes too long: tasks that never yield their threads would block it forever.
///
/// Data written by then is kept, as after `kill -9`.
final class EndWatch {
    /// Several times the longest graceful shutdown.
    private static let grace: DispatchTimeInterval = .seconds(3)

    private let sources: [any DispatchSourceSignal]

    init() {
        // A separate queue gets its own thread even if all shared threads are blocked.
        let queue = DispatchQueue(label: "end")
        sources = [SIGTERM, SIGINT].map { signal in
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler { queue.asyncAfter(deadline: .now() + Self.grace) { _exit(0) } }
            source.resume()
            return source
        }
    }
}
