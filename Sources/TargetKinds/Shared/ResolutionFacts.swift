package import Addresses
package import Probing

/// The result of resolving the target's name.
package struct ResolutionFacts: Sendable, Hashable {
    /// The address that was connected to; nil if the name did not resolve.
    package var address: NetworkAddress?
    /// Of the first lookup; lookups after redirects are only included in the HTTP phases.
    package var duration: Duration

    package init(address: NetworkAddress?, duration: Duration) {
        self.address = address
        self.duration = duration
    }
}

extension ResolutionFacts: TargetFacts {
    static let lookupTime = MetricDefinition("probe_dns_lookup_time_seconds", "Time taken to resolve the name of the target.")
    static let ipProtocol = MetricDefinition(
        "probe_ip_protocol", "IP version of the target address, 4 or 6; 0 if the name did not resolve.")
    static let addressHash = MetricDefinition("probe_ip_addr_hash", "FNV-1a hash of the target address; changes when the address changes.")

    static let metrics = [lookupTime, ipProtocol, addressHash]

    package var measurements: [Measurement] {
        [
            Self.lookupTime(duration.seconds), Self.ipProtocol(address?.family.rawValue ?? 0),
            Self.addressHash(Double(address.map(Self.hash) ?? 0)),
        ]
    }

    private static func hash(_ address: NetworkAddress) -> UInt32 {
        // blackbox_exporter uses FNV-1a (32 bits), over 4 bytes also for an IPv4-mapped IPv6 address.
        address.bytes.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}
