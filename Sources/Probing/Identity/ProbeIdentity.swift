/// `HealthSet\Name[\Target]`: the identity of a probe in Exchange, on the command line and in metrics.
///
/// Comparison ignores the case of health set and name, as the Exchange cmdlets do; the definition's spelling is kept for display.
/// Targets are case-sensitive, because URL paths are.
package struct ProbeIdentity: Sendable, CustomStringConvertible {
    package let healthSet: String
    package let name: String
    /// The probed target, if the definition has targets; otherwise nil.
    package let target: String?
    /// Health set and name, case-folded, for comparison and lookup; stored because they are needed on every lookup.
    private let foldedNames: String

    package init(healthSet: String, name: String, target: String? = nil) {
        self.healthSet = healthSet
        self.name = name
        self.target = target
        foldedNames = Self.joined(healthSet.lowercased(), name.lowercased(), nil)
    }

    /// The same probe at a target. All targets share the memory of the names.
    package init(_ identity: ProbeIdentity, target: String?) {
        healthSet = identity.healthSet
        name = identity.name
        self.target = target
        foldedNames = identity.foldedNames
    }

    /// `description` with health set and name case-folded.
    package var folded: String { target.map { foldedNames + "\\" + $0 } ?? foldedNames }

    package var description: String { Self.joined(healthSet, name, target) }

    /// Whether user input names this probe: with or without health set and target, `\` or `/` as separator, ignoring case.
    package func isMeant(by text: String) -> Bool { isSpelt(text, among: names + targetedNames) }

    /// Like `isMeant(by:)`, but the target is required if the identity has one.
    package func isNamed(by text: String) -> Bool { isSpelt(text, among: target == nil ? names : targetedNames) }

    /// The part of user input after this identity's name (a target); nil if the text does not begin with the name.
    package func rest(of text: String) -> String? {
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

extension ProbeIdentity: Hashable, Comparable {
    package static func == (left: ProbeIdentity, right: ProbeIdentity) -> Bool {
        left.foldedNames == right.foldedNames && left.target == right.target
    }

    package static func < (left: ProbeIdentity, right: ProbeIdentity) -> Bool {
        (left.foldedNames, left.target ?? "") < (right.foldedNames, right.target ?? "")
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(foldedNames)
        hasher.combine(target)
    }
}

/// Coded as one string, the printed form.
extension ProbeIdentity: Codable {
    /// - Parameter printed: a string in the format of `description`.
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
