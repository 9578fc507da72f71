package import Addresses
import CAres
import CLinux
import Glibc

/// Which addresses of a name are wanted.
package enum FamilyPreference: Sendable, Hashable {
    case only(NetworkAddress.Family)
    /// Those of one family first, the others after them.
    case prefer(NetworkAddress.Family)
    /// In the resolver's order.
    case any
}

/// Looks names up with c-ares, in the hosts file and in DNS, without a thread and within a deadline.
///
/// Nothing is kept: the time of a look-up is a fact that probes report.
struct Resolver: Sendable {
    let loop: SocketLoop

    init(loop: SocketLoop) {
        self.loop = loop
        _ = Self.libraryIsPrepared
    }

    private static let libraryIsPrepared: Bool = ares_library_init(ARES_LIB_INIT_ALL) == agent_ares_success

    /// - Returns: at least one address, in the order preferred. An address as text is its own answer.
    func addresses(
        of name: String, _ preference: FamilyPreference, until deadline: ContinuousClock.Instant
    ) async throws(ExchangeFailure) -> [NetworkAddress] {
        if let literal = NetworkAddress(name) {
            if case .only(let family) = preference, literal.family != family { throw Self.failure("\(name) is no IPv\(family) address") }
            return [literal]
        }
        var found = try await Lookup(name, family: preference.onlyFamily, loop: loop).run(until: deadline)
        if name.lowercased() == "localhost" { found = Self.asListed(found, of: name) }
        guard case .prefer(let family) = preference else { return found }
        return found.filter { $0.family == family } + found.filter { $0.family != family }
    }

    /// c-ares 1.34 adds the loopback address of the other family to what the hosts file lists: a server on 127.0.0.1 alone would be asked at
    /// ::1. Where the file names localhost, its addresses are those.
    private static func asListed(_ found: [NetworkAddress], of name: String) -> [NetworkAddress] {
        let listed = HostsFile().addresses(of: name)
        let known = found.filter { listed.contains($0) }
        return known.isEmpty ? found : known
    }

    static func failure(_ sentence: String, detail: String = "") -> ExchangeFailure {
        ExchangeFailure(kind: .nameNotResolved, phase: .resolve, sentence: sentence, detail: detail)
    }
}

extension FamilyPreference {
    fileprivate var onlyFamily: NetworkAddress.Family? {
        if case .only(let family) = self { family } else { nil }
    }
}

/// One look-up on a channel of its own, used by one task.
private final class Lookup: @unchecked Sendable {  // Channel and callbacks are its task's alone, never while that is suspended.
    private let name: String
    private let family: Int32
    private let loop: SocketLoop
    private var channel: ares_channel?
    /// How many reads c-ares may still make of what the resolver sends, before others have their turn.
    private let reads = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    private static let readsInTurn: Int32 = 64
    private let sockets: Descriptor
    private var answer: (status: Int32, addresses: [NetworkAddress])?

    init(_ name: String, family: NetworkAddress.Family?, loop: SocketLoop) {
        self.name = name
        self.loop = loop
        self.family = family.map { $0 == .v4 ? AF_INET : AF_INET6 } ?? AF_UNSPEC
        sockets = Descriptor(agent_epoll())
        reads.initialize(to: Self.readsInTurn)
    }

    deinit {
        if let channel { ares_destroy(channel) }
        reads.deallocate()
    }

    func run(until deadline: ContinuousClock.Instant) async throws(ExchangeFailure) -> [NetworkAddress] {
        guard sockets.number >= 0, begin() else { throw Resolver.failure("the resolver cannot be started") }
        while answer == nil {
            let now = ContinuousClock.now
            guard now < deadline else { throw Resolver.failure("the resolver did not answer in time") }
            switch await loop.wait(sockets, for: .read, until: min(deadline, now + patience)) {
            case .cancelled: throw ExchangeFailure(kind: .cancelled, phase: .resolve, sentence: "cancelled")
            case .ready, .timedOut: process()
            }
        }
        guard let answer, answer.status == agent_ares_success, !answer.addresses.isEmpty else {
            let status = answer?.status ?? agent_ares_no_data
            throw Resolver.failure("the name '\(name)' does not resolve", detail: String(cString: ares_strerror(status)))
        }
        return answer.addresses
    }

    private func begin() -> Bool {
        var options = ares_options()
        let this = Unmanaged.passUnretained(self).toOpaque()
        options.sock_state_cb_data = this
        options.sock_state_cb = { context, socket, readable, writable in
            guard let context else { return }
            Unmanaged<Lookup>.fromOpaque(context).takeUnretainedValue().watch(socket, readable != 0, writable != 0)
        }
        guard ares_init_options(&channel, &options, Int32(ARES_OPT_SOCK_STATE_CB)) == agent_ares_success, let channel else { return false }
        agent_ares_limit_reads(channel, reads)
        var hints = ares_addrinfo_hints()
        hints.ai_family = family
        hints.ai_flags = Int32(ARES_AI_NOSORT)
        ares_getaddrinfo(
            channel, name, nil, &hints,
            { context, status, _, result in
                guard let context else { return }
                Unmanaged<Lookup>.fromOpaque(context).takeUnretainedValue().answered(status, result)
            }, this)
        return true
    }

    private func watch(_ socket: Int32, _ readable: Bool, _ writable: Bool) {
        _ = agent_watch(sockets.number, socket, readable ? 1 : 0, writable ? 1 : 0, 0)
    }

    private func answered(_ status: Int32, _ result: UnsafeMutablePointer<ares_addrinfo>?) {
        guard answer == nil else { return }
        var addresses: [NetworkAddress] = []
        var node = result?.pointee.nodes
        while let current = node {
            var bytes = [UInt8](repeating: 0, count: 16)
            let count = Int(agent_ares_address(current, &bytes))
            if let address = NetworkAddress(bytes: Array(bytes.prefix(count))), !addresses.contains(address) { addresses.append(address) }
            node = current.pointee.ai_next
        }
        if let result { ares_freeaddrinfo(result) }
        answer = (status, addresses)
    }

    private func process() {
        guard let channel else { return }
        reads.pointee = Self.readsInTurn
        var ready = [Int32](repeating: 0, count: 16)
        var writable = ready
        let count = Int(agent_ready(sockets.number, &ready, &writable, 16, 0))
        for index in 0..<max(0, count) {
            let isWritable = writable[index] != 0
            ares_process_fd(channel, isWritable ? ARES_SOCKET_BAD : ready[index], isWritable ? ready[index] : ARES_SOCKET_BAD)
        }
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD)
    }

    /// How long c-ares would wait before it asks again.
    private var patience: Duration {
        guard let channel else { return .zero }
        var longest = timeval(tv_sec: 5, tv_usec: 0)
        var time = timeval()
        guard let wanted = ares_timeout(channel, &longest, &time) else { return .seconds(5) }
        return .seconds(wanted.pointee.tv_sec) + .microseconds(wanted.pointee.tv_usec) + .milliseconds(1)
    }
}
