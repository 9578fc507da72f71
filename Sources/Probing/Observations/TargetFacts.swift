package import Addresses
package import FoundationEssentials

/// The result of resolving the target's name.
package struct ResolutionFacts: Sendable, Hashable {
    /// The address that was connected to; nil if the name did not resolve.
    package var address: NetworkAddress?
    /// Of the first lookup; lookups after redirects are only included in the HTTP phases.
    package var duration: Duration

    package init(address: NetworkAddress?, duration: Duration) {
        self.address = address
        self.duration = duration
    }
}

/// The negotiated TLS session; its certificates are separate observations.
package struct TLSFacts: Sendable, Hashable {
    /// `TLS 1.3`; nil if the handshake did not complete.
    package var version: String?
    /// `TLS_AES_128_GCM_SHA256`; nil if the handshake did not complete.
    package var cipher: String?
    /// The earliest notAfter of each verified chain, and of these the latest; nil if no chain verified.
    package var lastChainExpiry: Date?

    package init(version: String?, cipher: String?, lastChainExpiry: Date?) {
        self.version = version
        self.cipher = cipher
        self.lastChainExpiry = lastChainExpiry
    }
}

/// An HTTP probe's last response.
package struct HTTPFacts: Sendable, Hashable {
    /// 0 if there was no response.
    package var status = 0
    /// Content-Length of the last response; -1 if it had none, 0 if there was no response.
    package var contentLength = 0
    /// Bytes of the body that were read, after decompression.
    package var bodyLength = 0
    /// Redirect responses received, including a last one that was not followed.
    package var redirects = 0
    /// Whether the last response was received over TLS; false if there was no response.
    package var isTLS = false
    /// `1.1`, `2`; nil if there was no response.
    package var version: String?
    package var lastModified: Date?
    /// Whether a body or header pattern of the module failed.
    package var failedByPattern = false

    package init() {}
}

/// A query/response exchange over TCP or a Unix socket.
package struct ConversationFacts: Sendable, Hashable {
    package var failedByPattern = false
    package var failedByBytes = false
    /// The labels filled from capture groups of an `expect` pattern; nil if the module defines none.
    package var labels: [String: String]?

    package init() {}
}

/// A DNS probe's response.
package struct DNSFacts: Sendable, Hashable {
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case resolve, connect, request
    }

    /// Of the completed phases; connect (which includes the TLS handshake) and request also if they failed.
    package var phases: [Phase: Duration] = [:]
    package var answers = 0
    package var authorities = 0
    package var additionals = 0
    /// Whether any valid response was received, whatever its content.
    package var isAnswered = false
    /// Whether the query was for an SOA record.
    package var asksForSerial = false
    /// The zone's serial, if an SOA record was requested and returned.
    package var serial: UInt32?

    package init() {}
}

/// An ICMP probe's reply.
package struct PingFacts: Sendable, Hashable {
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case resolve, setup, rtt
    }

    /// Of the completed phases.
    package var phases: [Phase: Duration] = [:]
    /// TTL or hop limit of the reply; nil if the system does not report it.
    package var replyHopLimit: Int?

    package init() {}
}

/// A check with the standard gRPC health checking protocol.
package struct GRPCFacts: Sendable, Hashable {
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case resolve, check
    }

    package enum Serving: String, Sendable, Hashable, CaseIterable {
        case unknown = "UNKNOWN"
        case serving = "SERVING"
        case notServing = "NOT_SERVING"
        case serviceUnknown = "SERVICE_UNKNOWN"
    }

    /// `check` is everything after name resolution, also if it failed.
    package var phases: [Phase: Duration] = [:]
    /// Whether the response or the failure happened over TLS.
    package var isTLS = false
    /// The gRPC status code (0 is OK); without a response, the code gRPC clients report: 14 (UNAVAILABLE) or 4 (DEADLINE_EXCEEDED). nil if
    /// no request was sent because the name did not resolve.
    package var status: Int?
    /// The serving status the service reported; nil if it reported none.
    package var serving: Serving?

    package init() {}
}

/// A WebSocket probe's connection.
package struct WebSocketFacts: Sendable, Hashable {
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case resolve, connect, processing, transfer
    }

    /// Of the completed phases: `connect` is TCP and TLS, `processing` the upgrade, `transfer` the messages.
    package var phases: [Phase: Duration] = [:]
    /// The HTTP status of the handshake; 0 if there was no response.
    package var status = 0
    package var isUpgraded = false
    /// Whether the message exchange failed, because of an unexpected or a missing message.
    package var failedByPattern = false

    package init() {}
}
