/// `HealthSet\Name[\Target]`: the identity of a probe in Exchange, on the command line and in metrics.
///
/// Comparison ignores the case of health set and name, as the Exchange cmdlets do; the definition's spelling is kept for display.
/// Targets are compared byte by byte, because URL paths are.
package struct ProbeIdentity: Sendable, CustomStringConvertible {
    /// All targets of a definition share them.
    private final class Names: Sendable {
        let healthSet: String
        let name: String
        /// Both, case-folded, for comparison and lookup; stored because they are needed on every lookup.
        let folded: String

        init(_ healthSet: String, _ name: String) {
            self.healthSet = healthSet
            self.name = name
            folded = ProbeIdentity.joined(healthSet.lowercased(), name.lowercased(), nil)
        }
    }

    private let names: Names
    /// The probed target, if the definition has targets; otherwise nil.
    package let target: String?

    package init(healthSet: String, name: String, target: String? = nil) {
        names = Names(healthSet, name)
        self.target = target
    }

    /// The same probe at a target.
    package init(_ identity: ProbeIdentity, target: String?) {
        names = identity.names
        self.target = target
    }

    package var healthSet: String { names.healthSet }
    package var name: String { names.name }

    /// `description` with health set and name case-folded.
    package var folded: String { target.map { names.folded + "\\" + $0 } ?? names.folded }

    package var description: String { Self.joined(healthSet, name, target) }

    /// Whether user input names this probe: with or without health set and target, `\` or `/` as separator, ignoring case.
    package func isMeant(by text: String) -> Bool { isSpelt(text, among: spellings + targetedSpellings) }

    /// Like `isMeant(by:)`, but the target is required if the identity has one.
    package func isNamed(by text: String) -> Bool { isSpelt(text, among: target == nil ? spellings : targetedSpellings) }

    /// The part of user input after this identity's name (a target); nil if the text does not begin with the name.
    package func rest(of text: String) -> String? {
        let wanted = text.lowercased().replacing("/", with: "\\")
        let spelling = [folded, name.lowercased()].first { wanted.hasPrefix($0 + "\\") }
        return spelling.map { String(text.dropFirst($0.count + 1)) }
    }

    private var spellings: [String] { [healthSet + "\n" + name, name].map { $0.lowercased() } }
    private var targetedSpellings: [String] { target.map { target in spellings.map { $0 + "\n" + target.lowercased() } } ?? [] }

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
        (left.names === right.names || left.names.folded == right.names.folded)
            && left.target.map(ExactText.init) == right.target.map(ExactText.init)
    }

    package static func < (left: ProbeIdentity, right: ProbeIdentity) -> Bool {
        (left.names.folded, left.target ?? "") < (right.names.folded, right.target ?? "")
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(names.folded)
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
