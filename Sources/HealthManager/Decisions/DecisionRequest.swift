package import FoundationEssentials

/// The JSON body of an order. Its keys are listed, so that one that nobody knows is told instead of passed over.
package protocol OrderDocument: Codable, Sendable {
    associatedtype CodingKeys: CodingKey & CaseIterable
}

/// What `agent override add` asks for. One of `seconds` and `untilVersion`, never both.
package struct OverrideRequest: OrderDocument {
    package enum CodingKeys: String, CodingKey, CaseIterable { case identity, property, value, server, seconds, untilVersion, by, comment }

    package var identity: String
    package var property: String
    package var value: String
    /// A name as `--server` takes it; nil is all servers.
    package var server: String?
    package var seconds: Double?
    package var untilVersion: String?
    package var by: String
    package var comment: String?

    package init(
        identity: String, property: String, value: String, server: String? = nil, seconds: Double? = nil, untilVersion: String? = nil,
        by: String, comment: String? = nil
    ) {
        self.identity = identity
        self.property = property
        self.value = value
        self.server = server
        self.seconds = seconds
        self.untilVersion = untilVersion
        self.by = by
        self.comment = comment
    }
}

/// What `agent override remove` asks for: the override of that property of that item on those servers.
package struct OverrideRemoval: OrderDocument {
    package enum CodingKeys: String, CodingKey, CaseIterable { case identity, property, server, by }

    package var identity: String
    package var property: String
    package var server: String?
    package var by: String

    package init(identity: String, property: String, server: String? = nil, by: String) {
        self.identity = identity
        self.property = property
        self.server = server
        self.by = by
    }
}

/// What `agent maintenance start` asks for. A weekly window has `weekday`, `minute` and `seconds`; one that begins later has `from`.
package struct MaintenanceRequest: OrderDocument {
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case server, component, requester, from, seconds, weekday, minute, by, comment
    }

    /// A name as `--server` takes it, or `*`.
    package var server: String
    package var component: String?
    package var requester: String?
    package var from: Date?
    /// How long; nil is until it is ended.
    package var seconds: Double?
    /// 1 is Sunday, in UTC.
    package var weekday: Int?
    /// From midnight UTC.
    package var minute: Int?
    package var by: String
    package var comment: String?

    package init(server: String, by: String) {
        self.server = server
        self.by = by
    }
}

/// What `agent maintenance end` asks for.
package struct MaintenanceEnd: OrderDocument {
    package enum CodingKeys: String, CodingKey, CaseIterable { case server, component, requester, by }

    package var server: String
    package var component: String?
    package var requester: String?
    package var by: String

    package init(server: String, component: String? = nil, requester: String? = nil, by: String) {
        self.server = server
        self.component = component
        self.requester = requester
        self.by = by
    }
}

/// What `agent acknowledge` asks for.
package struct AcknowledgeRequest: OrderDocument {
    package enum CodingKeys: String, CodingKey, CaseIterable { case monitor, server, by, comment }

    /// `HealthSet\Monitor[\Target]` or `Monitor`.
    package var monitor: String
    package var server: String?
    package var by: String
    package var comment: String?

    package init(monitor: String, server: String? = nil, by: String, comment: String? = nil) {
        self.monitor = monitor
        self.server = server
        self.by = by
        self.comment = comment
    }
}

/// A decision that was not taken, and why, in one sentence.
package struct DecisionRefused: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// There is no such thing.
        case unknown
        /// It is there, and can't be changed so.
        case invalid
        /// It could not be kept, and would be lost with the process.
        case notKept
    }

    package let kind: Kind
    package let description: String

    init(_ kind: Kind, _ sentence: String) {
        self.kind = kind
        description = sentence
    }
}
