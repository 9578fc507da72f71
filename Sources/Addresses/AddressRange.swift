/// A range of addresses in CIDR notation.
package struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    private let base: NetworkAddress
    private let bits: Int

    /// Parses `10.0.0.0/8`, `fe80::/10`, or a single address; else nil.
    package init?(_ text: String) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2, let address = NetworkAddress(String(halves[0])) else { return nil }
        let width = address.bytes.count * 8
        let written = halves.count == 2 ? Int(halves[1]) : width
        guard let bits = written, (0...width).contains(bits) else { return nil }
        base = address
        self.bits = bits
    }

    /// Whether the address is in the range; false for an address of the other family, including IPv4 embedded in IPv6.
    package func contains(_ address: NetworkAddress) -> Bool {
        guard address.family == base.family else { return false }
        let whole = bits / 8
        guard address.bytes.prefix(whole) == base.bytes.prefix(whole) else { return false }
        let rest = bits % 8
        guard rest > 0 else { return true }
        return (address.bytes[whole] ^ base.bytes[whole]) >> (8 - rest) == 0
    }

    package var description: String { "\(base)/\(bits)" }
}
