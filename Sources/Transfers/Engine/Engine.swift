import CCurl
import CKeyDecoders
import Concurrency
import Glibc
import Synchronization

/// One libcurl multi handle on a dedicated thread. Callers submit hops; the thread returns their reports.
final class Engine: Sendable {
    private struct Inbox {
        var submitted: [Hop] = []
        var cancelled: [Hop] = []
        var isClosed = false
    }

    // Safe because only the engine's thread uses it, except for curl_multi_wakeup, which is thread-safe.
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer
    private let watch: TurnWatch
    private let inbox = Mutex(Inbox())

    init() throws(SystemRefusal) {
        Self.prepareLibrary()
        guard let multi = curl_multi_init() else { throw SystemRefusal("the initialization of libcurl", errno: errno) }
        let watch: TurnWatch
        do throws(SystemRefusal) { watch = try TurnWatch() } catch {
            curl_multi_cleanup(multi)
            throw error
        }
        self.multi = multi
        self.watch = watch
        let code = BackgroundThread.start("transfers") { self.work() }
        guard code == 0 else {
            watch.close()
            curl_multi_cleanup(multi)
            throw SystemRefusal("another thread", errno: code)
        }
    }

    func submit(_ hop: Hop) {
        let isOpen = tell { $0.submitted.append(hop) }
        if !isOpen { hop.cancelled() }
    }

    func cancel(_ hop: Hop) { tell { $0.cancelled.append(hop) } }

    /// Ends the thread; running hops are cancelled.
    func close() { tell { $0.isClosed = true } }

    /// Changes the inbox and wakes the thread, both under the lock, so that the thread does not end in between.
    /// - Returns: false if the engine has been closed.
    @discardableResult
    private func tell(_ change: (inout sending Inbox) -> Void) -> Bool {
        inbox.withLock { inbox in
            guard !inbox.isClosed else { return false }
            change(&inbox)
            curl_multi_wakeup(multi)
            return true
        }
    }

    private static func prepareLibrary() { _ = libraryIsPrepared }
    private static let libraryIsPrepared: Bool = {
        agent_ignore_sigpipe()
        // A run may still be in a handshake when the process exits: OpenSSL's cleanup would free what it uses.
        OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
        agent_limit_key_decoders()
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()

    private func work() {
        // Handshakes take most of the agent's CPU time: a lower priority leaves the CPU to requests for metrics and pages.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
        // The running hops, kept alive until libcurl has released their handles, since its callbacks hold no references.
        var active: [UnsafeMutableRawPointer: Hop] = [:]
        watch.watchThisThread()
        let turns = EngineTurns(watch: watch)
        while true {
            let (submitted, cancelled, isClosed) = inbox.withLock { inbox in
                defer {
                    inbox.submitted = []
                    inbox.cancelled = []
                }
                return (inbox.submitted, inbox.cancelled, inbox.isClosed)
            }
            for hop in submitted {
                active[hop.handle] = hop
                hop.begin(turns)
                curl_multi_add_handle(multi, hop.handle)
            }
            for hop in isClosed ? Array(active.values) : cancelled where active[hop.handle] === hop {
                curl_multi_remove_handle(multi, hop.handle)
                active[hop.handle] = nil
                hop.cancelled()
            }
            if isClosed { break }
            turns.number += 1
            turns.watch.beginTurn()
            if let hop = turns.waiting.first {
                turns.waiting.removeFirst()
                if active[hop.handle] === hop, let code = hop.resume() {
                    curl_multi_remove_handle(multi, hop.handle)
                    active[hop.handle] = nil
                    hop.finish(code)
                }
            }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            turns.watch.endTurn()
            var code = CURLE_OK
            while let easy = agent_next_done(multi, &code) {
                curl_multi_remove_handle(multi, easy)
                active.removeValue(forKey: easy)?.finish(code)
            }
            curl_multi_poll(multi, nil, 0, turns.waiting.isEmpty ? 60_000 : 0, nil)
        }
        curl_multi_cleanup(multi)
        turns.watch.close()
    }
}
