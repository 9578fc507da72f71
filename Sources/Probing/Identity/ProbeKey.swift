/// Identifies one probe instance (identity and site): the key of the schedule, the result cache and every series.
///
/// Copies share one allocation, and the hash is computed once.
package struct ProbeKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Where a probe runs.
    package enum Site: Sendable, Hashable {
        case organization
        /// On the server with this configured name.
        case server(String)
        /// At the target of the identity, and at this one of its addresses if each has a probe of its own.
        case target(address: String?)

        /// From the strings of labels and records, which are empty where they do not apply.
        package init(server: String, target: String? = nil, address: String = "") {
            self = target != nil ? .target(address: address.isEmpty ? nil : address) : server.isEmpty ? .organization : .server(server)
        }
    }

    private final class Parts: Sendable {
        let identity: ProbeIdentity
        let site: Site
        let hash: Int

        init(_ identity: ProbeIdentity, _ site: Site) {
            self.identity = identity
            self.site = site
            var hasher = Hasher()
            hasher.combine(identity)
            hasher.combine(site)
            hash = hasher.finalize()
        }
    }

    private let parts: Parts

    package init(identity: ProbeIdentity, site: Site) { parts = Parts(identity, site) }

    package var identity: ProbeIdentity { parts.identity }
    package var site: Site { parts.site }
    /// For labels and documents: the server's configured name; empty for a probe of the whole organization or of a target.
    package var server: String { if case .server(let name) = site { name } else { "" } }
    /// For labels and documents: the probed address of the target, if every address has its own probe; otherwise empty.
    package var address: String { if case .target(let address?) = site { address } else { "" } }

    /// Whether it probes a target, which may be any server or file.
    package var isTarget: Bool { if case .target = site { true } else { false } }

    package var description: String {
        identity.description + (server.isEmpty ? "" : " on \(server)") + (address.isEmpty ? "" : " at \(address)")
    }

    package static func == (left: ProbeKey, right: ProbeKey) -> Bool {
        left.parts === right.parts
            || left.parts.hash == right.parts.hash && left.identity == right.identity && left.site == right.site
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(parts.hash) }

    package static func < (left: ProbeKey, right: ProbeKey) -> Bool {
        (left.identity, left.server, left.address) < (right.identity, right.server, right.address)
    }
}
