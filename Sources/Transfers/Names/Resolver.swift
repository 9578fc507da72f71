package import Addresses
import CAres
import Glibc

/// Which addresses of a name to use.
package enum FamilyPreference: Sendable, Hashable {
    case only(NetworkAddress.Family)
    /// Addresses of this family first, then the others.
    case prefer(NetworkAddress.Family)
    /// In the resolver's order.
    case any

    /// In order of preference.
    var families: [NetworkAddress.Family] {
        switch self {
        case .only(let family): [family]
        case .prefer(.v6): [.v6, .v4]
        case .prefer(.v4), .any: [.v4, .v6]
        }
    }
}

/// Resolves names with the hosts file and c-ares, without a thread and within a deadline.
///
/// Both address families are queried concurrently, and a response for one does not wait long for the other. Nothing is cached, because
/// probes report the duration of the lookup.
struct Resolver: Sendable {
    let loop: SocketLoop

    init(loop: SocketLoop) {
        self.loop = loop
        _ = Self.libraryIsPrepared
    }

    private static let libraryIsPrepared: Bool = ares_library_init(ARES_LIB_INIT_ALL) == agent_ares_success
    /// The minimum number of descriptors a lookup opens: an epoll instance, a file, a socket.
    private static let descriptors = 3

    /// - Returns: at least one address, in order of preference. A literal address is returned as it is.
    func addresses(
        of name: String, _ preference: FamilyPreference, until deadline: ContinuousClock.Instant
    ) async throws(ExchangeFailure) -> [NetworkAddress] {
        if let literal = NetworkAddress(name) {
            if case .only(let family) = preference, literal.family != family {
                throw Self.failure("\(name) is not an IPv\(family) address")
            }
            return [literal]
        }
        guard let name = HostName.ascii(name) else { throw Self.failure("'\(name)' is not a valid host name") }
        if let lack = Descriptor.lack(of: Self.descriptors, in: .resolve) { throw lack }
        guard let channel = ResolverChannel() else { throw Self.failure("the DNS resolver cannot be started") }
        // If the hosts file contains the name, DNS is not queried for a missing family.
        let listed = channel.order.first == .hosts ? HostsFile().addresses(of: name) : []
        if !listed.isEmpty {
            let found = preference.families.flatMap { family in listed.filter { $0.family == family } }
            guard !found.isEmpty else { throw Self.unresolved(name) }
            return preference == .any ? listed : found
        }
        guard channel.order.contains(.dns) || channel.order.first != .hosts else { throw Self.unresolved(name) }
        return try await Lookup(name, preference, channel, loop).run(until: deadline)
    }

    static func failure(_ sentence: String, detail: String = "") -> ExchangeFailure {
        ExchangeFailure(kind: .nameNotResolved, phase: .resolve, sentence: sentence, detail: detail)
    }

    static func unresolved(_ name: String, detail: String = "") -> ExchangeFailure {
        // c-ares does not distinguish a file it could not open from one that does not contain the name.
        Descriptor.lack(in: .resolve) ?? failure("the name '\(URLRedaction.target(name))' does not resolve", detail: detail)
    }
}

/// One DNS lookup, used by one task.
private struct Lookup {
    private let name: String
    private let channel: ResolverChannel
    private let preference: FamilyPreference
    private let loop: SocketLoop

    /// How long to wait for the other family after one has been answered (RFC 8305).
    private static let resolutionDelay = Duration.milliseconds(50)
    /// How long to wait for the preferred family after the other has been answered; at most a quarter of the time left.
    private static let preferredDelay = Duration.milliseconds(500)

    init(_ name: String, _ preference: FamilyPreference, _ channel: ResolverChannel, _ loop: SocketLoop) {
        self.name = name
        self.preference = preference
        self.channel = channel
        self.loop = loop
    }

    func run(until deadline: ContinuousClock.Instant) async throws(ExchangeFailure) -> [NetworkAddress] {
        let families = preference.families
        for family in families { channel.ask(name, family) }
        var resolutionDelayEnd: ContinuousClock.Instant?
        while true {
            let now = ContinuousClock.now
            let answered = families.filter { channel.answers[$0] != nil }
            let found = families.flatMap { channel.answers[$0]?.addresses ?? [] }
            if answered.count == families.count {
                guard found.isEmpty else { return found }
                throw failure
            }
            if !found.isEmpty {
                let end = resolutionDelayEnd ?? now + delay(lacking: families[0], of: answered, left: now.duration(to: deadline))
                resolutionDelayEnd = end
                if now >= end { return found }
            }
            guard now < deadline else {
                throw found.isEmpty && channel.socketError == 0 ? Resolver.failure("the DNS resolver did not respond in time") : failure
            }
            let until = [deadline, now + channel.retransmission, resolutionDelayEnd].compactMap(\.self).min() ?? deadline
            switch await loop.wait(channel.sockets, for: .read, until: until) {
            case .cancelled: throw ExchangeFailure(kind: .cancelled, phase: .resolve, sentence: "cancelled")
            case .ready, .timedOut: channel.process()
            }
        }
    }

    private func delay(lacking first: NetworkAddress.Family, of answered: [NetworkAddress.Family], left: Duration) -> Duration {
        guard case .prefer = preference, !answered.contains(first) else { return Self.resolutionDelay }
        return max(Self.resolutionDelay, min(Self.preferredDelay, left / 4))
    }

    private var failure: ExchangeFailure {
        if let lack = SystemFailure(channel.socketError).lack(in: .resolve, peer: "the DNS resolver") { return lack }
        return Resolver.unresolved(name, detail: channel.answers[preference.families[0]]?.words ?? "")
    }
}
