package import Certificates
package import FoundationEssentials

/// A typed fact that a run saw. Kinds speak in these; who writes metrics decides how they look there.
///
/// Indirect: a list of them takes the room of what is in it, not of the largest there is.
package indirect enum Observation: Sendable, Hashable {
    case oauthCertificate(OAuthCertificate)
    case drift(CertificateDrift)
    /// A certificate the peer presented during a TLS handshake, at its place there (0 is the leaf), and whether it is part of the chain that
    /// verified.
    case peerCertificate(stage: Stage, depth: Int, isVerified: Bool, CertificateFacts)
    /// Whether an auth metadata document could be fetched; `server` is empty for the auth server's.
    case metadataReachable(server: String, Bool)
    /// The phases of the HTTP exchange the probe is about, summed over redirects.
    case httpPhases(HTTPPhases)
    // What probes of the target kinds see.
    case resolution(ResolutionFacts)
    case tls(TLSFacts)
    case http(HTTPFacts)
    case conversation(ConversationFacts)
    case dns(DNSFacts)
    case ping(PingFacts)
    case grpc(GRPCFacts)
    case webSocket(WebSocketFacts)

    /// Whether only the answer of `/probe` and `invoke` tells it.
    var isForWhoAsked: Bool {
        switch self {
        case .oauthCertificate, .drift, .peerCertificate, .metadataReachable, .httpPhases: false
        case .resolution, .tls, .http, .conversation, .dns, .ping, .grpc, .webSocket: true
        }
    }

    /// Without the bytes of a certificate that a peer presented.
    var slim: Observation {
        guard case .peerCertificate(let stage, let depth, let isVerified, var facts) = self else { return self }
        facts.der = []
        return .peerCertificate(stage: stage, depth: depth, isVerified: isVerified, facts)
    }

    package enum HTTPPhase: String, Sendable, Hashable, CaseIterable {
        case resolve, connect, tls, processing, transfer
    }

    /// The duration of each phase that there was. A dictionary would take each probe twice the room.
    package struct HTTPPhases: Sendable, Hashable {
        private var resolve, connect, tls, processing, transfer: Duration?

        package init() {}

        package subscript(phase: HTTPPhase) -> Duration? {
            get {
                switch phase {
                case .resolve: resolve
                case .connect: connect
                case .tls: tls
                case .processing: processing
                case .transfer: transfer
                }
            }
            set {
                switch phase {
                case .resolve: resolve = newValue
                case .connect: connect = newValue
                case .tls: tls = newValue
                case .processing: processing = newValue
                case .transfer: transfer = newValue
                }
            }
        }

        package var all: [HTTPPhase: Duration] {
            Dictionary(uniqueKeysWithValues: HTTPPhase.allCases.compactMap { phase in self[phase].map { (phase, $0) } })
        }
    }
}

/// One copy of an OAuth certificate, where it was seen and what part it plays.
package struct OAuthCertificate: Sendable, Hashable {
    package enum Source: String, Sendable, Hashable, Codable, CaseIterable {
        /// A signing key in a server's auth metadata document.
        case published
        /// The file AuthConfig's certificate was exported to.
        case exported
        case snapshot
        case tenant
    }

    package enum Slot: String, Sendable, Hashable, Codable, CaseIterable {
        case current, previous, next, unknown
    }

    /// The server that holds the copy; empty for a copy the organization shares.
    package var server: String
    package var source: Source
    package var slot: Slot
    package var facts: CertificateFacts
    /// When it was last seen; earlier than the run where the document that showed it has gone away.
    package var lastSeen: Date

    package init(server: String, source: Source, slot: Slot, facts: CertificateFacts, lastSeen: Date) {
        self.server = server
        self.source = source
        self.slot = slot
        self.facts = facts
        self.lastSeen = lastSeen
    }
}

/// Whether a copy is the certificate AuthConfig names.
package struct CertificateDrift: Sendable, Hashable {
    package enum State: Int, Sendable, Hashable {
        case same = 0
        case other = 1
        case settling = 2
    }

    /// The server that holds the copy; empty for a copy the organization shares.
    package var server: String
    package var source: OAuthCertificate.Source
    package var state: State

    package init(server: String, source: OAuthCertificate.Source, state: State) {
        self.server = server
        self.source = source
        self.state = state
    }
}
