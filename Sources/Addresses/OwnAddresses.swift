import Glibc
import Synchronization

/// The current addresses of this machine's interfaces.
enum OwnAddresses {
    private struct Known {
        var addresses: Set<NetworkAddress>
        var until: ContinuousClock.Instant
    }

    /// How long a reading is cached, so that many queries cost little and a new address is noticed soon.
    private static let life: Duration = .seconds(1)
    private static let known = Mutex<Known?>(nil)

    /// If the addresses cannot be read, the last reading is used; without one, every address counts as this machine's.
    static func contains(_ address: NetworkAddress) -> Bool {
        known.withLock { known in
            let now = ContinuousClock.now
            if known.map({ $0.until <= now }) ?? true, let addresses = read() { known = Known(addresses: addresses, until: now + life) }
            return known?.addresses.contains(address) ?? true
        }
    }

    private static func read() -> Set<NetworkAddress>? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        var addresses: Set<NetworkAddress> = []
        for entry in sequence(first: list, next: { $0?.pointee.ifa_next }) {
            if let address = entry?.pointee.ifa_addr.flatMap({ self.address(UnsafeRawPointer($0)) }) { addresses.insert(address) }
        }
        return addresses
    }

    private static func address(_ socket: UnsafeRawPointer) -> NetworkAddress? {
        switch Int32(socket.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET:
            withUnsafeBytes(of: socket.loadUnaligned(as: sockaddr_in.self).sin_addr) { NetworkAddress(bytes: Array($0)) }
        case AF_INET6:
            withUnsafeBytes(of: socket.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { NetworkAddress(bytes: Array($0)) }
        default: nil
        }
    }
}
