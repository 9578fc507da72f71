package import Probing
package import Transfers

extension TLSReport {
    /// The presented certificates as observations, leaf first.
    package func certificates(at stage: Stage) -> [Observation] {
        chain.map { .peerCertificate(stage: stage, depth: $0.depth, isVerified: $0.isVerified, $0.facts) }
    }

    /// Warnings about the peer's TLS, for an established session.
    /// - Parameter peer: the name of the peer in sentences.
    package func warnings(at stage: Stage, of peer: String) -> [Finding] {
        var warnings = unreadable.map { depth in
            Finding(
                .warning, stage: stage, reason: .certificateUnreadable,
                sentence: "\(peer): the certificate presented at depth \(depth) cannot be parsed")
        }
        if lacksSecureRenegotiation {
            warnings.append(
                Finding(
                    .warning, stage: stage, reason: .renegotiationInsecure,
                    sentence: "\(peer): no support for secure renegotiation (RFC 5746)"))
        }
        return warnings
    }
}
