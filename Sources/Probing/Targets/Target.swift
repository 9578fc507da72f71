package import Addresses

/// The target of a probe, with the address policy that applies to the requester.
package struct Target: Sendable, Hashable, CustomStringConvertible {
    /// As written: `https://mail.fabrikam.com/`, `mbx01:25`, `192.0.2.1`; the kind decides on the syntax. A URL may contain credentials.
    package var text: String
    /// Its unique name in the definition's target list; nil if it is not from a list.
    private var name: String?
    /// Used for `Host` and SNI instead of the target's own host; nil if not overridden.
    package var hostname: String?
    /// The address to connect to, if every address has its own probe; nil if the kind chooses one.
    package var address: NetworkAddress?
    /// Checked for every address before connecting to it.
    package var policy: AddressPolicy

    package init(_ text: String, hostname: String? = nil, address: NetworkAddress? = nil, policy: AddressPolicy = .open) {
        self.text = text
        self.hostname = hostname
        self.address = address
        self.policy = policy
    }

    /// A target from a definition's list, with an open policy.
    package init(_ entry: TargetEntry) {
        self.init(entry.text, address: entry.address)
        name = entry.name
    }

    /// The target without credentials, as shown in results, messages and metrics.
    package var description: String { name ?? URLRedaction.target(text) }
}

extension Target {
    /// The host part of a target, without scheme, user, port and path, IPv6 without brackets. Empty if there is none, as in a socket path.
    /// Only splits the text: the result is not validated.
    package static func host(in text: String) -> String {
        let rest = text.firstRange(of: "://").map { text[$0.upperBound...] } ?? text[...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        if place.hasPrefix("[") { return String(place.dropFirst().prefix { $0 != "]" }) }
        let colons = place.utf8.count { $0 == UInt8(ascii: ":") }
        return String(colons == 1 ? place.prefix { $0 != ":" } : place)
    }
}
