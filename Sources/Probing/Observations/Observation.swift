package import Certificates

/// A fact recorded by a run and kept in the cache. Those that other parts of the agent judge or show are typed.
///
/// Indirect, so that an element of an array does not take the size of the largest case.
package indirect enum Observation: Sendable {
    case oauthCertificate(OAuthCertificate)
    /// A certificate the peer presented in a TLS handshake: its position (0 is the leaf), and whether it is part of the verified chain.
    case peerCertificate(stage: Stage, depth: Int, isVerified: Bool, CertificateFacts)
    case fileCertificate(FileCertificate)
    /// The agent's own certificate.
    case credential(CertificateFacts)
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

    /// A phase of an HTTP exchange, in order.
    package enum HTTPPhase: String, Sendable, Hashable, CaseIterable {
        case resolve, connect, tls, processing, transfer

        fileprivate var index: Int {
            switch self {
            case .resolve: 0
            case .connect: 1
            case .tls: 2
            case .processing: 3
            case .transfer: 4
            }
        }
    }

    /// The duration of each phase; nil for a phase that did not happen.
    package struct HTTPPhases: Sendable {
        /// Inline, because a dictionary, or optional fields, would take twice the memory.
        private var durations = InlineArray<5, CompactDuration>(repeating: none)

        package init() {}

        package subscript(phase: HTTPPhase) -> Duration? {
            get { durations[phase.index] == Self.none ? nil : durations[phase.index].duration }
            set { durations[phase.index] = newValue.map { CompactDuration($0) } ?? Self.none }
        }

        /// No phase takes less than no time.
        private static let none = CompactDuration(.nanoseconds(-1))
    }
}
