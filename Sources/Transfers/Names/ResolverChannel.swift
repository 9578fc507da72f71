import Addresses
import CAres
import CLinux
import Glibc

/// One c-ares channel: its sockets and the responses received. Used by one task.
// Safe because only its task uses the channel and its callbacks, never while that is suspended.
final class ResolverChannel: @unchecked Sendable {
    /// A lookup source, as c-ares encodes it.
    enum Source: CChar {
        case hosts = 0x66
        case dns = 0x62
    }

    struct Answer {
        var addresses: [NetworkAddress]
        /// c-ares's status message.
        var words: String
    }

    /// An epoll instance that is ready when c-ares has something to read or write.
    let sockets = Descriptor(agent_epoll())
    private(set) var answers: [NetworkAddress.Family: Answer] = [:]
    private var channel: ares_channel?
    private let state = UnsafeMutablePointer<agent_ares_sockets>.allocate(capacity: 1)
    /// How many datagrams are read before deadline and cancellation are checked again.
    private static let readings: Int32 = 64

    init?() {
        state.initialize(to: agent_ares_sockets())
        var options = ares_options()
        options.sock_state_cb_data = Unmanaged.passUnretained(self).toOpaque()
        options.sock_state_cb = { context, socket, readable, writable in
            guard let context else { return }
            Unmanaged<ResolverChannel>.fromOpaque(context).takeUnretainedValue().watch(socket, readable != 0, writable != 0)
        }
        let isMade = ares_init_options(&channel, &options, Int32(ARES_OPT_SOCK_STATE_CB)) == agent_ares_success
        guard sockets.number >= 0, isMade, let channel else { return nil }
        agent_ares_use(channel, state)
    }

    deinit {
        if let channel { ares_destroy(channel) }
        state.deallocate()
    }

    /// The system's lookup order; the default order if c-ares does not report it, as since 1.34.
    var order: [Source] {
        guard let channel else { return [] }
        var letters = [CChar](repeating: 0, count: 8)
        let count = Int(agent_ares_order(channel, &letters, Int32(letters.count)))
        return count == 0 ? [.hosts, .dns] : letters.prefix(count).compactMap(Source.init)
    }

    /// `errno` of the last socket that could not be created; 0 if there was none.
    var socketError: Int32 { state.pointee.error }

    /// Queries the addresses of one family; `answers` contains them once `process` has read the response.
    func ask(_ name: String, _ family: NetworkAddress.Family) {
        ask(name, family: Self.number(family)) { [weak self] in self?.answers[family] = $0 }
    }

    private final class Question {
        let answered: (Answer) -> Void
        init(_ answered: @escaping (Answer) -> Void) { self.answered = answered }
    }

    /// Calls back once: immediately, during `process`, or when the channel is destroyed.
    private func ask(_ name: String, family: Int32, _ answered: @escaping (Answer) -> Void) {
        guard let channel else { return }
        var hints = ares_addrinfo_hints()
        hints.ai_family = family
        hints.ai_flags = Int32(ARES_AI_NOSORT)
        state.pointee.readings = Self.readings
        ares_getaddrinfo(
            channel, name, nil, &hints,
            { question, status, _, result in
                guard let question else { return }
                let addresses = ResolverChannel.addresses(result)
                if let result { ares_freeaddrinfo(result) }
                Unmanaged<Question>.fromOpaque(question).takeRetainedValue().answered(
                    Answer(addresses: addresses, words: String(cString: ares_strerror(status))))
            }, Unmanaged.passRetained(Question(answered)).toOpaque())
    }

    private static func number(_ family: NetworkAddress.Family) -> Int32 { family == .v4 ? AF_INET : AF_INET6 }

    private static func addresses(_ result: UnsafeMutablePointer<ares_addrinfo>?) -> [NetworkAddress] {
        var addresses: [NetworkAddress] = []
        var node = result?.pointee.nodes
        while let current = node {
            var bytes = [UInt8](repeating: 0, count: 16)
            let count = Int(agent_ares_address(current, &bytes))
            if let address = NetworkAddress(bytes: Array(bytes.prefix(count))), !addresses.contains(address) { addresses.append(address) }
            node = current.pointee.ai_next
        }
        return addresses
    }

    private func watch(_ socket: Int32, _ readable: Bool, _ writable: Bool) {
        _ = agent_watch(sockets.number, socket, readable ? 1 : 0, writable ? 1 : 0, 0)
    }

    /// Reads and writes ready sockets, and retransmits queries that are due.
    func process() {
        guard let channel else { return }
        state.pointee.readings = Self.readings
        var ready = [Int32](repeating: 0, count: 16)
        var writable = ready
        let count = Int(agent_ready(sockets.number, &ready, &writable, 16, 0))
        for index in 0..<max(0, count) {
            let isWritable = writable[index] != 0
            ares_process_fd(channel, isWritable ? ARES_SOCKET_BAD : ready[index], isWritable ? ready[index] : ARES_SOCKET_BAD)
        }
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD)
    }

    /// How long c-ares waits before the next retransmission.
    var retransmission: Duration {
        guard let channel else { return .zero }
        var longest = timeval(tv_sec: 5, tv_usec: 0)
        var time = timeval()
        guard let wanted = ares_timeout(channel, &longest, &time) else { return .seconds(5) }
        return .seconds(wanted.pointee.tv_sec) + .microseconds(wanted.pointee.tv_usec) + .milliseconds(1)
    }
}
