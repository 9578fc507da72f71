import Dispatch
import Glibc

/// Ends a process that has been told to end and does not: tasks that never give their threads back hold up an orderly end for ever.
///
/// What has been written by then is kept, as after `kill -9`.
final class EndWatch {
    /// Several times what an orderly end takes at most.
    private static let patience: DispatchTimeInterval = .seconds(3)

    private let sources: [any DispatchSourceSignal]

    init() {
        // A queue of its own has a thread of its own where the shared ones are all taken.
        let queue = DispatchQueue(label: "end")
        sources = [SIGTERM, SIGINT].map { signal in
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler { queue.asyncAfter(deadline: .now() + Self.patience) { _exit(0) } }
            source.resume()
            return source
        }
    }
}
