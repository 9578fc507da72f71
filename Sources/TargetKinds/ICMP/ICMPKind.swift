import HealthManager
import Transfers

/// `icmp`: one echo request to a host, and its reply.
struct ICMPKind: ProbeKind {
    let name = "icmp"
    let aim = KindAim.targets
    private let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is a host name or an address. A name is looked up, and one address of it is pinged.",
            "One echo request is sent, through a ping socket (sysctl net.ipv4.ping_group_range) or, where those are not allowed, a raw one (CAP_NET_RAW).",
            "The reply must bring back what was sent. What routers report (no route, hop limit, too big) ends the run at once, with their words.",
        ],
        stages: [.resolve, .connect, .endpoint],
        reasons: [.targetInvalid, .targetForbidden, .systemRefused, .dnsFailed, .networkUnreachable, .timeout],
        options: [
            .init("preferred_ip_protocol", "ip4 or ip6 (default ip6)", settableThroughAgent: true),
            .init("ip_protocol_fallback", "take the other where a name has none of that (default true)", settableThroughAgent: true),
            .init("source_ip_address", "address to send from", settableThroughAgent: false),
            .init("payload_size", "bytes of payload, at most 65507 (default 28)", settableThroughAgent: true),
            .init("dont_fragment", "nobody may split the packet (default false)", settableThroughAgent: true),
            .init("ttl", "hop limit, 1 to 255; 0 leaves it to the system (default)", settableThroughAgent: true),
        ])

    func readOptions(_ reader: SettingsReader) -> ICMPOptions {
        let address = AddressOptions(reader, hasSource: true)
        var ping = PingSettings()
        ping.source = address.source
        // As in blackbox_exporter, 0 is the default.
        if let size = reader.integer("payload_size", in: 0...65507), size > 0 { ping.payloadSize = size }
        ping.forbidsFragments = reader.bool("dont_fragment") ?? false
        if let limit = reader.integer("ttl", in: 0...255), limit > 0 { ping.hopLimit = limit }
        return ICMPOptions(address: address, ping: ping)
    }

    func discover(_ options: ICMPOptions, at place: Place) -> Discovery {
        guard let target = place.target else { return .notDefined(.needsTarget) }
        return .probe(ICMPProbe(target: target, options: options, services: services))
    }
}

struct ICMPOptions: Sendable {
    var address: AddressOptions
    var ping: PingSettings
}
