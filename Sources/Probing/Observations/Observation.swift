package import Certificates

/// A fact recorded by a run and kept in the cache. Those that other parts of the agent judge or show are typed.
///
/// Indirect, so that an element of an array does not take the size of the largest case.
package indirect enum Observation: Sendable {
    case oauthCertificate(OAuthCertificate)
    /// A certificate the peer presented in a TLS handshake: its position (0 is the leaf), and whether it is part of the verified chain.
    case peerCertificate(stage: Stage, depth: Int, isVerified: Bool, CertificateFacts)
    /// The phases of the probe's HTTP exchange, summed over redirects.
    case httpPhases(HTTPPhases)
    /// A sample of a metric that the kind declares, for `/metrics` and perhaps `/probe`.
    case measurement(Measurement)

    /// Without the DER bytes of a peer certificate.
    var slim: Observation {
        guard case .peerCertificate(let stage, let depth, let isVerified, var facts) = self else { return self }
        facts.der = []
        return .peerCertificate(stage: stage, depth: depth, isVerified: isVerified, facts)
    }

    package enum HTTPPhase: String, Sendable, Hashable, CaseIterable {
        case resolve, connect, tls, processing, transfer
    }

    /// The duration of each phase; nil for a phase that did not happen.
    package struct HTTPPhases: Sendable, Hashable {
        // Fields, because a dictionary, or optional fields, would take twice the memory.
        private var resolve, connect, tls, processing, transfer: CompactDuration

        package init() {
            (resolve, connect, tls, processing, transfer) = (Self.none, Self.none, Self.none, Self.none, Self.none)
        }

        package subscript(phase: HTTPPhase) -> Duration? {
            get {
                let value = self[keyPath: Self.field(phase)]
                return value == Self.none ? nil : value.duration
            }
            set { self[keyPath: Self.field(phase)] = newValue.map { CompactDuration($0) } ?? Self.none }
        }

        /// No phase takes less than no time.
        private static let none = CompactDuration(.nanoseconds(-1))

        private static func field(_ phase: HTTPPhase) -> WritableKeyPath<HTTPPhases, CompactDuration> {
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
