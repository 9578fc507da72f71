import Addresses
import Probing
import Transfers

/// Selection of the target's address: `preferred_ip_protocol ip_protocol_fallback source_ip_address`, as in blackbox_exporter's modules.
struct AddressOptions: Sendable {
    var preference: FamilyPreference = .prefer(.v6)
    var source: NetworkAddress?

    init() {}

    /// The options as a kind's guide lists them.
    static func guide(hasSource: Bool) -> [KindGuide.Option] {
        [
            .init("preferred_ip_protocol", "ip4 or ip6 (default ip6)", settableThroughAgent: true),
            .init("ip_protocol_fallback", "fall back to the other protocol (default true)", settableThroughAgent: true),
        ] + (hasSource ? [.init("source_ip_address", "source address", settableThroughAgent: false)] : [])
    }

    /// - Parameter hasSource: whether the kind supports `source_ip_address`.
    init(_ reader: SettingsReader, hasSource: Bool) {
        enum Word: String, CaseIterable { case ip4, ip6 }
        let family: NetworkAddress.Family = reader.choice("preferred_ip_protocol", Word.self) == .ip4 ? .v4 : .v6
        preference = reader.bool("ip_protocol_fallback") ?? true ? .prefer(family) : .only(family)
        guard hasSource, let text = reader.string("source_ip_address"), !text.isEmpty else { return }
        source = NetworkAddress(text)
        if source == nil {
            reader.error("'source_ip_address' must be an address, found '\(text)'", at: reader.location(of: "source_ip_address"))
        }
    }
}
