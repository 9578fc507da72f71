package import Addresses
package import FoundationEssentials

/// Which address a name stood for.
package struct ResolutionFacts: Sendable, Hashable {
    /// The one that was dialled; nil where the name did not resolve.
    package var address: NetworkAddress?
    /// Of the first look-up; later ones, after redirects, count in the phases alone.
    package var duration: Duration

    package init(address: NetworkAddress?, duration: Duration) {
        self.address = address
        self.duration = duration
    }
}

/// A TLS session as it was made; the certificates stand beside it as observations of their own.
package struct TLSFacts: Sendable, Hashable {
    /// `TLS 1.3`; nil where the handshake did not complete.
    package var version: String?
    /// `TLS_AES_128_GCM_SHA256`; nil where the handshake did not complete.
    package var cipher: String?
    /// The latest, over all paths to a trusted root, of the earliest end in each; nil where the chain did not verify.
    package var lastChainExpiry: Date?

    package init(version: String?, cipher: String?, lastChainExpiry: Date?) {
        self.version = version
        self.cipher = cipher
        self.lastChainExpiry = lastChainExpiry
    }
}

package struct HTTPFacts: Sendable, Hashable {
    /// 0 where no answer came.
    package var status = 0
    /// As the last answer announced it; -1 where it did not, 0 where no answer came.
    package var contentLength = 0
    /// Bytes of the body that were read, decompressed.
    package var bodyLength = 0
    /// One more than were followed where the last answer is a redirect still.
    package var redirects = 0
    /// Whether the last answer came over TLS; false where none came.
    package var isTLS = false
    /// `1.1`, `2`; nil where no answer came.
    package var version: String?
    package var lastModified: Date?
    /// Whether the answer was refused for what its body or headers say.
    package var failedByPattern = false

    package init() {}
}

/// A conversation over TCP or a Unix socket.
package struct ConversationFacts: Sendable, Hashable {
    package var failedByPattern = false
    package var failedByBytes = false
    /// What the pattern of a matched line gave names to; nil where the module names nothing.
    package var labels: [String: String]?

    package init() {}
}

package struct DNSFacts: Sendable, Hashable {
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case resolve, connect, request
    }

    /// Of the phases that ended, connect and request also where they failed; connect holds the TLS handshake.
    package var phases: [Phase: Duration] = [:]
    package var answers = 0
    package var authorities = 0
    package var additionals = 0
    /// Whether the question was answered at all, whatever the answer.
    package var isAnswered = false
    /// Whether the question was for an SOA record.
    package var asksForSerial = false
    /// Of the zone, where an SOA record was asked for and came.
    package var serial: UInt32?

    package init() {}
}

package struct PingFacts: Sendable, Hashable {
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case resolve, setup, rtt
    }

    /// Of the phases that came to their end.
    package var phases: [Phase: Duration] = [:]
    /// Hop limit of the reply; nil where the system does not tell it.
    package var replyHopLimit: Int?

    package init() {}
}

/// gRPC's standard health check.
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

    /// `check` is everything after the look-up, also where it failed.
    package var phases: [Phase: Duration] = [:]
    /// Whether the answer, or the failure, came over TLS.
    package var isTLS = false
    /// gRPC's status, 0 is OK; where no answer came, what gRPC's own clients would say: 14 (unavailable) or 4 (deadline exceeded). nil where
    /// nothing was asked, as the name did not resolve.
    package var status: Int?
    /// What the service says of itself; nil where it said nothing.
    package var serving: Serving?

    package init() {}
}

package struct WebSocketFacts: Sendable, Hashable {
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case resolve, connect, processing, transfer
    }

    /// Of the phases that came to their end: `connect` is TCP and TLS, `processing` the upgrade, `transfer` the messages.
    package var phases: [Phase: Duration] = [:]
    /// HTTP's status of the handshake; 0 where no answer came.
    package var status = 0
    package var isUpgraded = false
    /// Whether the conversation of messages failed, for whatever they said or did not say.
    package var failedByPattern = false

    package init() {}
}
