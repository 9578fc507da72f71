package import FoundationEssentials
import Probing

/// The JSON body of a request. Its keys are enumerable, so that unknown keys are reported instead of ignored.
package protocol OrderDocument: Codable, Sendable {
    associatedtype CodingKeys: CodingKey & CaseIterable
}

/// A request whose requester is recorded.
package protocol SignedOrder: OrderDocument {
    var by: String { get set }
}

/// The request of `agent override add`. Exactly one of `seconds` and `untilVersion` must be set.
package struct OverrideRequest: SignedOrder {
    package enum CodingKeys: String, CodingKey, CaseIterable { case identity, property, value, server, seconds, untilVersion, by, comment }

    package var identity: String
    package var property: String
    package var value: String
    /// A name as accepted by `--server`; nil means all servers.
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

/// The request of `agent override remove`: identifies the override by item, property and server.
package struct OverrideRemoval: SignedOrder {
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

/// The request of `agent maintenance start`. A weekly window has `weekday`, `minute` and `seconds`; `from` sets a later start.
package struct MaintenanceRequest: SignedOrder {
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case server, component, requester, from, seconds, weekday, minute, by, comment
    }

    /// A name as accepted by `--server`, or `*`.
    package var server: String
    package var component: String?
    package var requester: String?
    package var from: Date?
    /// The duration; nil means until it is ended.
    package var seconds: Double?
    /// 1 is Sunday; in UTC.
    package var weekday: Int?
    /// Minutes since midnight UTC.
    package var minute: Int?
    package var by: String
    package var comment: String?

    package init(server: String, by: String) {
        self.server = server
        self.by = by
    }
}

/// The request of `agent maintenance end`.
package struct MaintenanceEnd: SignedOrder {
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

/// The request of `agent acknowledge`.
package struct AcknowledgeRequest: SignedOrder {
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

/// The request was refused; the description is one sentence.
package struct DecisionRefused: Error, Sendable, CustomStringConvertible {
    /// Which status the API answers with.
    package enum Kind: Sendable {
        /// The named item does not exist.
        case unknown
        /// The request is not valid for the item.
        case invalid
        /// The change could not be persisted.
        case notKept
    }

    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ sentence: String) {
        self.kind = kind
        description = sentence
    }
}
