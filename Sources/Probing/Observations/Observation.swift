package import Certificates

/// A typed fact recorded by a run and kept in the cache. Kinds record these; the metrics writer decides how they are exposed.
///
/// Indirect, so that an element of an array does not take the size of the largest case.
package indirect enum Observation: Sendable {
    case oauthCertificate(OAuthCertificate)
    case drift(CertificateDrift)
    /// A certificate the peer presented in a TLS handshake: its position (0 is the leaf), and whether it is part of the verified chain.
    case peerCertificate(stage: Stage, depth: Int, isVerified: Bool, CertificateFacts)
    /// Whether an auth metadata document could be fetched; `server` is empty for the auth server's document.
    case metadataReachable(server: String, Bool)
    /// The phases of the probe's HTTP exchange, summed over redirects.
    case httpPhases(HTTPPhases)

    /// Without the DER bytes of a peer certificate.
    var slim: Observation {
        guard case .peerCertificate(let stage, let depth, let isVerified, var facts) = self else { return self }
        facts.der = []
        return .peerCertificate(stage: stage, depth: depth, isVerified: isVerified, facts)
    }

    package enum HTTPPhase: String, Sendable, Hashable, CaseIterable {
        case resolve, connect, tls, processing, transfer
    }

    /// The duration of each phase; nil for a phase that did not happen. Fields, because a dictionary would take twice the memory.
    package struct HTTPPhases: Sendable, Hashable {
        private var resolve, connect, tls, processing, transfer: CompactDuration?

        package init() {}

        package subscript(phase: HTTPPhase) -> Duration? {
            get { self[keyPath: Self.field(phase)]?.duration }
            set { self[keyPath: Self.field(phase)] = newValue.map { CompactDuration($0) } }
        }

        private static func field(_ phase: HTTPPhase) -> WritableKeyPath<HTTPPhases, CompactDuration?> {
            switch phase {
            case .resolve: \.resolve
            case .connect: \.connect
            case .tls: \.tls
            case .processing: \.processing
            case .transfer: \.transfer
            }
        }
    }
}

extension MetricDefinition {
    /// The metric of `httpPhases`, which kinds that observe them declare.
    package static let httpDuration = MetricDefinition(
        "probe_http_duration_seconds", "Duration of the HTTP request by phase, summed over redirects.")
}
