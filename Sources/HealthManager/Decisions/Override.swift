package import FoundationEssentials

/// A property of a probe, monitor or responder that an administrator has changed for a time, or up to a version.
package struct Override: Sendable, Hashable, Codable {
    package enum Item: String, Sendable, Hashable, Codable, CaseIterable { case probe, monitor, responder }

    /// When it ends by itself: one of the two, never both.
    package enum End: Sendable, Hashable, Codable, CustomStringConvertible {
        case date(Date)
        /// With the first agent of that version or a later one.
        case version(String)

        /// In words, after `until`.
        package var description: String {
            switch self {
            case .date(let date): date.formatted(.iso8601)
            case .version(let version): "version \(version)"
            }
        }
    }

    package var id: UUID
    package var item: Item
    /// `HealthSet\Name[\Target]`, or a responder's name; compared ignoring case, that of the target aside.
    package var identity: String
    /// `every`, `enabled`, `options.warnBelow`.
    package var property: String
    package var value: String
    /// Nil is all servers.
    package var server: String?
    package var end: End
    package var by: String
    package var at: Date
    package var comment: String

    package init(
        id: UUID = UUID(), item: Item, identity: String, property: String, value: String, server: String? = nil, end: End, by: String,
        at: Date, comment: String = ""
    ) {
        self.id = id
        self.item = item
        self.identity = identity
        self.property = property
        self.value = value
        self.server = server
        self.end = end
        self.by = by
        self.at = at
        self.comment = comment
    }

    /// What it changes, and where: of two with the same key the later one is in force.
    package var key: String {
        [item.rawValue, named.folded, property.lowercased(), server?.lowercased() ?? ""].joined(separator: "\n")
    }

    package func isInForce(at date: Date, version: String) -> Bool {
        switch end {
        case .date(let end): date < end
        case .version(let end): Self.isVersion(version, before: end)
        }
    }

    /// The one target it is for; nil is all.
    var target: String? { named.target }

    /// Whether it is about that probe or monitor on that server.
    func isAbout(_ identity: ProbeIdentity, server: String) -> Bool {
        guard self.server == nil || self.server?.lowercased() == server.lowercased() else { return false }
        return named == identity || named == ProbeIdentity(healthSet: identity.healthSet, name: identity.name)
    }

    /// Whether a person who wrote that means what it is about, with its target where it has one.
    func isNamed(by text: String) -> Bool {
        item == .responder ? identity.lowercased() == text.lowercased() : named.isNamed(by: text)
    }

    var named: ProbeIdentity { ProbeIdentity(printed: identity) }

    /// Compared number by number, as versions are.
    static func isVersion(_ left: String, before right: String) -> Bool {
        let (a, b) = (numbers(left), numbers(right))
        for index in 0..<max(a.count, b.count) {
            let (x, y) = (index < a.count ? a[index] : 0, index < b.count ? b[index] : 0)
            if x != y { return x < y }
        }
        return false
    }

    package static func numbers(_ version: String) -> [Int] { version.split(separator: ".").map { Int($0) ?? 0 } }
}
