import Probing
import Transfers

/// `icmp`: one echo request to a host, and its reply.
struct ICMPKind: TargetKind {
    typealias Check = ICMPProbe

    static let name = "icmp"
    let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is a host name or an address. A name is resolved, and one of its addresses is pinged.",
            "One echo request is sent, through a ping socket (sysctl net.ipv4.ping_group_range) or, if those are not allowed, a raw socket (CAP_NET_RAW).",
            "The reply must contain the payload that was sent. An ICMP error from a router (no route, hop limit exceeded, too big) ends the run immediately and is reported.",
        ],
        stages: [.resolve, .connect, .endpoint],
        metrics: ResolutionFacts.metrics + PingFacts.metrics,
        reasons: .target + [.systemRefused, .dnsFailed, .networkUnreachable, .timeout],
        options: AddressOptions.guide(hasSource: true) + [
            .init("payload_size", "payload size in bytes, at most 65507 (default 28)", settableThroughAgent: true),
            .init("dont_fragment", "set the don't-fragment flag (default false)", settableThroughAgent: true),
            .init("ttl", "TTL or hop limit, 1 to 255 (default 0, the system's default)", settableThroughAgent: true),
        ])

    func readOptions(_ reader: SettingsReader) -> ICMPOptions {
        let address = AddressOptions(reader, hasSource: true)
        var ping = PingSettings()
        ping.source = address.source
        // As in blackbox_exporter, 0 means the default.
        if let size = reader.integer("payload_size", in: 0...65507), size > 0 { ping.payloadSize = size }
        ping.forbidsFragments = reader.bool("dont_fragment") ?? false
        if let limit = reader.integer("ttl", in: 0...255), limit > 0 { ping.hopLimit = limit }
        return ICMPOptions(address: address, ping: ping)
    }
}

struct ICMPOptions: Sendable {
    var address: AddressOptions
    var ping: PingSettings
}
