/// Which addresses may be dialled for a caller. It is asked for the very address that is then dialled, at every redirect anew.
package struct AddressPolicy: Sendable, Hashable {
    /// Empty means any.
    package var allowed: [AddressRange]
    package var denied: [AddressRange]
    /// Whether this machine itself may be dialled, by whichever of its addresses.
    package var allowsLoopback: Bool

    package init(allowed: [AddressRange], denied: [AddressRange], allowsLoopback: Bool) {
        self.allowed = allowed
        self.denied = denied
        self.allowsLoopback = allowsLoopback
    }

    /// Nothing is forbidden: for targets that the configuration names.
    package static let open = AddressPolicy(allowed: [], denied: [], allowsLoopback: true)

    /// - Returns: why the address may not be dialled, in one clause that names the key to change; nil where it may.
    package func refusal(of address: NetworkAddress) -> String? {
        let faces = [address, address.unwrapped] + (address.isUnspecified ? NetworkAddress.loopback : [])
        if let range = denied.first(where: { range in faces.contains { range.contains($0) } }) {
            return "\(address) is in \(range) of 'probe.denyTargets'"
        }
        if !allowed.isEmpty, !allowed.contains(where: { $0.contains(address.unwrapped) || $0.contains(address) }) {
            return "\(address) is in no range of 'probe.allowTargets'"
        }
        if !allowsLoopback, address.isLoopback || faces.contains(where: OwnAddresses.contains) {
            return "\(address) is this machine, which 'probe' opens to callers over loopback alone"
        }
        return nil
    }
}
