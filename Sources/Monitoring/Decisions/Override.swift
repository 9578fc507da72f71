package import FoundationEssentials
package import Probing

/// A temporary change of a property of a probe, monitor or responder, until a date or an agent version.
package struct Override: Sendable, Hashable, Codable {
    /// What has the property.
    package enum Item: String, Sendable, Hashable, Codable, CaseIterable { case probe, monitor, responder }

    /// When it expires.
    package enum End: Sendable, Hashable, Codable, CustomStringConvertible {
        case date(Date)
        /// In force until an agent of this version or a later one runs.
        case version(String)

        /// For display after `until`.
        package var description: String {
            switch self {
            case .date(let date): date.formatted(.iso8601)
            case .version(let version): "version \(version)"
            }
        }
    }

    package var id: UUID
    package var item: Item
    /// `HealthSet\Name[\Target]`, or a responder's name; compared ignoring case, except for the target.
    package var identity: String
    /// `every`, `enabled`, `options.warnBelow`.
    package var property: String
    package var value: String
    /// Nil means all servers.
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

    /// Identifies what it changes and where: a later override replaces one with the same key.
    package var key: String {
        [item.rawValue, named.folded, property.lowercased(), server?.lowercased() ?? ""].joined(separator: "\n")
    }

    /// Whether it has not ended at this date and with this agent version.
    package func isInForce(at date: Date, version: String) -> Bool {
        switch end {
        case .date(let end): date < end
        case .version(let end): Self.isVersion(version, before: end)
        }
    }

    /// The target it applies to; nil means all targets.
    package var target: String? { named.target }

    /// Whether it applies to the probe or monitor on the server.
    func isAbout(_ identity: ProbeIdentity, server: String) -> Bool {
        guard self.server == nil || self.server?.lowercased() == server.lowercased() else { return false }
        return named == identity || named == ProbeIdentity(healthSet: identity.healthSet, name: identity.name)
    }

    /// Whether user input names the overridden item; the target is required if it has one.
    package func isNamed(by text: String) -> Bool {
        item == .responder ? identity.lowercased() == text.lowercased() : named.isNamed(by: text)
    }

    package var named: ProbeIdentity { ProbeIdentity(printed: identity) }

    /// Compares the versions component by component, as numbers; missing components are 0.
    static func isVersion(_ left: String, before right: String) -> Bool {
        let (a, b) = (numbers(left), numbers(right))
        for index in 0..<max(a.count, b.count) {
            let (x, y) = (index < a.count ? a[index] : 0, index < b.count ? b[index] : 0)
            if x != y { return x < y }
        }
        return false
    }

    /// The components of a version; 0 for one that is not a number.
    package static func numbers(_ version: String) -> [Int] { version.split(separator: ".").map { Int($0) ?? 0 } }
}
