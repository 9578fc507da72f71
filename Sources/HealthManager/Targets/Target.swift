package import Addresses

/// What a probe of a target kind is aimed at, and how far it may go for whoever named it.
package struct Target: Sendable, Hashable {
    /// As written: `https://mail.fabrikam.com/`, `mbx01:25`, `192.0.2.1`. What it may look like, its kind decides.
    package var text: String
    /// The name to ask for (`Host`, SNI) instead of the target's own; nil keeps that.
    package var hostname: String?
    /// One of the name's addresses, where each has a probe of its own; nil leaves the choice to the kind.
    package var address: NetworkAddress?
    /// Asked for every address before it is dialled.
    package var policy: AddressPolicy

    package init(_ text: String, hostname: String? = nil, address: NetworkAddress? = nil, policy: AddressPolicy = .open) {
        self.text = text
        self.hostname = hostname
        self.address = address
        self.policy = policy
    }
}
