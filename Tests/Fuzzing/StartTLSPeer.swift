import Dispatch
import Glibc
import Synchronization
import Transfers

@testable import TargetKinds

/// A server that says what it is told to, whatever the client says, over a Unix socket.
final class StartTLSPeer: Sendable {
    static let shared = StartTLSPeer()

    private let path = ".build/starttls-\(getpid()).sock"
    private let listener: Int32
    private let transfers = Transfers()
    private let caller = CallerExecutor()

    private init() {
        unlink(path)
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafeBytes(of: &address) { raw in
            raw.withMemoryRebound(to: sockaddr.self) { bind(listener, $0.baseAddress, socklen_t(raw.count)) }
        }
        guard bound == 0, listen(listener, 8) == 0 else { fatalError("cannot listen on \(path)") }
    }

    /// The dialogue with a server whose dialect is the first byte, and which says the rest. After the last dialect comes an HTTP proxy.
    func speak(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let dialects = StartTLSDialect.allCases.map(Optional.some) + [nil]
        let dialect = dialects[Int(first) % dialects.count]
        caller.run { [self] in await talk(dialect, Array(bytes.dropFirst())) }
    }

    private func talk(_ dialect: StartTLSDialect?, _ words: [UInt8]) async {
        guard let conversation = try? await transfers.connect(toUnixSocket: path, until: .now + .seconds(60)) else { return }
        let server = accept(listener, nil, nil)
        // They fit into the socket's buffer.
        _ = write(server, words, words.count)
        shutdown(server, Int32(SHUT_WR))
        var dialogue = ClearTextDialogue(conversation, in: "TLS")
        do {
            if let dialect {
                try await dialect.ask(in: &dialogue, host: "a.test")
            } else {
                try await dialogue.openTunnel(to: "a.test:443", authorization: nil)
            }
            try dialogue.end()
        } catch {}
        close(server)
    }
}

/// Runs a task on the thread that waits for it: a change of threads would take most of the time of a dialogue.
private final class CallerExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let signal = DispatchSemaphore(value: 0)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        signal.signal()
    }

    func run(_ work: @escaping @Sendable () async -> Void) {
        Task(executorPreference: self) {
            await work()
            // A signal without a job is the end.
            self.signal.signal()
        }
        while true {
            signal.wait()
            guard let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
