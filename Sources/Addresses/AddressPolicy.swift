/// Which addresses may be connected to for a caller. Checked for every address before connecting to it, including after redirects.
package struct AddressPolicy: Sendable, Hashable {
    /// Empty means any.
    package var allowed: [AddressRange]
    package var denied: [AddressRange]
    /// Whether this machine may be connected to, over loopback or any of its other addresses.
    package var allowsLoopback: Bool

    package init(allowed: [AddressRange], denied: [AddressRange], allowsLoopback: Bool) {
        self.allowed = allowed
        self.denied = denied
        self.allowsLoopback = allowsLoopback
    }

    /// Allows every address; for targets from the configuration.
    package static let open = AddressPolicy(allowed: [], denied: [], allowsLoopback: true)

    /// - Returns: why the address may not be connected to, as one clause that names the configuration key; nil if it may.
    package func refusal(of address: NetworkAddress) -> String? {
        let faces = [address, address.unwrapped] + (address.isUnspecified ? NetworkAddress.loopback : [])
        if let range = denied.first(where: { range in faces.contains { range.contains($0) } }) {
            return "\(address) is in \(range) of 'probe.denyTargets'"
        }
        if !allowed.isEmpty, !allowed.contains(where: { $0.contains(address.unwrapped) || $0.contains(address) }) {
            return "\(address) is not in any range of 'probe.allowTargets'"
        }
        if !allowsLoopback, address.isLoopback || faces.contains(where: OwnAddresses.contains) {
            return "\(address) is this machine, which 'probe' allows only for callers over loopback"
        }
        return nil
    }
}
