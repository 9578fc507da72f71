/// `HealthSet\Name[\Target]`: how Exchange, the command line and the metrics name a probe.
///
/// Comparison ignores the case of health set and name, as Exchange's own cmdlets do; the spelling of the definition is kept for display.
/// Targets are told apart by case: paths of URLs are.
package struct ProbeIdentity: Sendable, CustomStringConvertible {
    package let healthSet: String
    package let name: String
    /// The resource the probe is aimed at, where one definition serves several.
    package let target: String?
    /// What comparison and lookup see; kept, because every look-up of a probe asks for it.
    package let folded: String

    package init(healthSet: String, name: String, target: String? = nil) {
        self.healthSet = healthSet
        self.name = name
        self.target = target
        folded = Self.joined(healthSet.lowercased(), name.lowercased(), target)
    }

    package var description: String { Self.joined(healthSet, name, target) }

    /// Whether a person who wrote that means this probe: with or without health set and target, `\` or `/` between the parts, in any case.
    package func isMeant(by text: String) -> Bool { isSpelt(text, among: names + targetedNames) }

    /// The same, but with its target where it has one.
    func isNamed(by text: String) -> Bool { isSpelt(text, among: target == nil ? names : targetedNames) }

    /// What a person wrote after the name of this, a target perhaps; nil where the text does not begin with it.
    func rest(of text: String) -> String? {
        let wanted = text.lowercased().replacing("/", with: "\\")
        let spelling = [folded, name.lowercased()].first { wanted.hasPrefix($0 + "\\") }
        return spelling.map { String(text.dropFirst($0.count + 1)) }
    }

    private var names: [String] { [healthSet + "\n" + name, name].map { $0.lowercased() } }
    private var targetedNames: [String] { target.map { target in names.map { $0 + "\n" + target.lowercased() } } ?? [] }

    private func isSpelt(_ text: String, among spellings: [String]) -> Bool {
        let wanted = text.lowercased()
        return spellings.contains { spelling in
            spelling.utf8.count == wanted.utf8.count
                && zip(spelling.utf8, wanted.utf8).allSatisfy { mine, theirs in
                    mine == UInt8(ascii: "\n") ? theirs == UInt8(ascii: "\\") || theirs == UInt8(ascii: "/") : mine == theirs
                }
        }
    }

    private static func joined(_ healthSet: String, _ name: String, _ target: String?) -> String {
        ([healthSet, name] + (target.map { [$0] } ?? [])).joined(separator: "\\")
    }
}

extension ProbeIdentity: Hashable {
    package static func == (left: ProbeIdentity, right: ProbeIdentity) -> Bool { left.folded == right.folded }

    package func hash(into hasher: inout Hasher) { hasher.combine(folded) }
}

/// One text, as it is printed.
extension ProbeIdentity: Codable {
    /// - Parameter printed: what `description` gives.
    package init(printed: String) {
        let parts = printed.split(separator: "\\", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        self.init(healthSet: parts[0], name: parts.count > 1 ? parts[1] : "", target: parts.count > 2 ? parts[2] : nil)
    }

    package init(from decoder: any Decoder) throws { self.init(printed: try decoder.singleValueContainer().decode(String.self)) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A probe on one server, or of one target: the key of the schedule, the cache and every series.
///
/// All of them share one allocation for each probe, and its hash is computed once.
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
    /// The server's configured name; empty for a probe of the whole organization, or of a target.
    package var server: String { parts.server }
    /// Which of its target's addresses it is for, where each has a probe of its own; else empty.
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
