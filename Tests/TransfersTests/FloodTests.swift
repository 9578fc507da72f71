import Addresses
import Dispatch
import TestSupport
import Testing
import Transfers

/// Peers that never stop talking: something can be read at any time, and nothing has to be waited for.
@Suite struct FloodTests {
    /// Ends a loop that nothing else ended.
    private static let longest = ContinuousClock.now + .seconds(20)

    private static func peer(_ script: String) async throws -> (program: Program, endpoint: Endpoint) {
        let prelude = "import socket, sys\ndef ready(port): print('port', port, 'end', file=sys.stderr, flush=True)\n"
        let program = try Program(Program.python, ["-c", prelude + script])
        try #require(await program.says("port"), "\(program.errors)")
        let port = program.errors.split(separator: " ").dropFirst().first.flatMap { UInt16($0) } ?? 0
        return (program, Endpoint(try #require(NetworkAddress("127.0.0.1")), port: port))
    }

    private static let chatter = """
        listener = socket.create_server(("127.0.0.1", 0))
        ready(listener.getsockname()[1])
        peer, _ = listener.accept()
        try:
            while True: peer.sendall(b"hello\\r\\n" * 10000)
        except OSError: pass
        """

    private static let wrongAnswers = """
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind(("127.0.0.1", 0))
        ready(sender.getsockname()[1])
        _, peer = sender.recvfrom(4096)
        while True:
            try: sender.sendto(b"no answer", peer)
            except OSError: pass
        """

    private static let page = [UInt8](repeating: 1, count: 16 << 10)

    /// Takes as long as looking at what came: the peer has sent more by then.
    private static func look() { #expect(page.reduce(0) { $0 &+ Int($1) } > 0) }

    /// Receives until something ends it; nil where only the test's own limit did.
    private static func receive(
        from endpoint: Endpoint, _ transfers: Transfers, until deadline: ContinuousClock.Instant, isDatagram: Bool,
        each turn: () -> Void = {}
    ) async -> ExchangeFailure? {
        do throws(ExchangeFailure) {
            if isDatagram {
                let datagrams = try transfers.datagrams(to: endpoint, until: deadline)
                try datagrams.send([0])
                while ContinuousClock.now < longest {
                    _ = try await datagrams.receive()
                    look()
                    turn()
                }
            } else {
                let conversation = try await transfers.connect(to: endpoint, until: deadline)
                while ContinuousClock.now < longest {
                    _ = try await conversation.receive()
                    look()
                    turn()
                }
            }
            return nil
        } catch { return error }
    }

    @Test("a peer that never stops ends a run at its deadline, as a timeout", arguments: [true, false])
    func deadline(isDatagram: Bool) async throws {
        let (program, endpoint) = try await Self.peer(isDatagram ? Self.wrongAnswers : Self.chatter)
        defer { program.send(9) }
        let failure = await Self.receive(
            from: endpoint, Transfers(), until: ContinuousClock.now + .milliseconds(500), isDatagram: isDatagram)
        #expect(failure?.kind == .timeout && failure?.phase == .processing, "\(String(describing: failure))")
    }

    @Test("a peer that never stops does not keep a cancelled run", arguments: [true, false])
    func cancelled(isDatagram: Bool) async throws {
        let (program, endpoint) = try await Self.peer(isDatagram ? Self.wrongAnswers : Self.chatter)
        defer { program.send(9) }
        let transfers = Transfers()
        let (turns, turn) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let run = Task {
            await Self.receive(from: endpoint, transfers, until: ContinuousClock.now + .seconds(600), isDatagram: isDatagram) {
                turn.yield()
            }
        }
        for await _ in turns { break }
        run.cancel()
        #expect(await run.value?.kind == .cancelled)
    }

    @Test("whoever shares the thread has its turn while the peer talks", arguments: [true, false])
    func turns(isDatagram: Bool) async throws {
        let (program, endpoint) = try await Self.peer(isDatagram ? Self.wrongAnswers : Self.chatter)
        defer { program.send(9) }
        let transfers = Transfers()
        let thread = OneThread()
        let failure = await withTaskGroup(of: ExchangeFailure?.self) { group in
            let (turns, turn) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
            group.addTask(executorPreference: thread) {
                await Self.receive(from: endpoint, transfers, until: ContinuousClock.now + .seconds(600), isDatagram: isDatagram) {
                    turn.yield()
                }
            }
            // Has its turn only where the flood leaves it one, and ends it then.
            group.addTask(executorPreference: thread) {
                for await _ in turns { return nil }
                return nil
            }
            _ = await group.next()
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(failure?.kind == .cancelled, "\(String(describing: failure))")
    }
}

/// One thread for all tasks that prefer it.
private final class OneThread: TaskExecutor {
    private let queue = DispatchQueue(label: "one thread")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
