/// Identifies one probe instance (identity, server, address): the key of the schedule, the result cache and every series.
///
/// Copies share one allocation, and the hash is computed once.
package struct ProbeKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    private final class Parts: Sendable {
        let identity: ProbeIdentity
        let server: String
        let address: String
        let hash: Int

        init(_ identity: ProbeIdentity, _ server: String, _ address: String) {
            self.identity = identity
            self.server = server
            self.address = address
            var hasher = Hasher()
            hasher.combine(identity.folded)
            hasher.combine(server)
            hasher.combine(address)
            hash = hasher.finalize()
        }
    }

    private let parts: Parts

    package init(identity: ProbeIdentity, server: String, address: String = "") { parts = Parts(identity, server, address) }

    package var identity: ProbeIdentity { parts.identity }
    /// The server's configured name; empty for a probe of the whole organization or of a target.
    package var server: String { parts.server }
    /// The probed address of the target, if every address has its own probe; otherwise empty.
    package var address: String { parts.address }

    package var description: String {
        identity.description + (server.isEmpty ? "" : " on \(server)") + (address.isEmpty ? "" : " at \(address)")
    }

    package static func == (left: ProbeKey, right: ProbeKey) -> Bool {
        left.parts === right.parts
            || left.parts.hash == right.parts.hash && left.identity == right.identity && left.server == right.server
                && left.address == right.address
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(parts.hash) }

    package static func < (left: ProbeKey, right: ProbeKey) -> Bool {
        (left.identity.folded, left.server, left.address) < (right.identity.folded, right.server, right.address)
    }
}
