package import Addresses

/// What a probe of a target kind is aimed at, and how far it may go for whoever named it.
package struct Target: Sendable, Hashable, CustomStringConvertible {
    /// As written: `https://mail.fabrikam.com/`, `mbx01:25`, `192.0.2.1`. What it may look like, its kind decides. A URL may hold a login.
    package var text: String
    /// What its definition's list calls it; nil where it comes from none.
    private var name: String?
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

    package init(_ entry: TargetEntry) {
        self.init(entry.text, address: entry.address)
        name = entry.name
    }

    /// The text without a login: what results, sentences and metrics call it.
    package var description: String { name ?? URLRedaction.target(text) }
}

extension Target {
    /// The host in a target's text, by its look alone: without scheme, user, port and path, IPv6 without brackets. Empty where there is
    /// none, as in the path of a Unix socket.
    package static func host(in text: String) -> String {
        let rest = text.firstRange(of: "://").map { text[$0.upperBound...] } ?? text[...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        if place.hasPrefix("[") { return String(place.dropFirst().prefix { $0 != "]" }) }
        let colons = place.utf8.count { $0 == UInt8(ascii: ":") }
        return String(colons == 1 ? place.prefix { $0 != ":" } : place)
    }
}
