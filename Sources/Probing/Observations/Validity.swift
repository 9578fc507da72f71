import Certificates
package import FoundationEssentials

/// When a certificate that a run has seen is valid.
package struct Validity: Sendable, Hashable {
    package var begin: Date
    package var end: Date
    /// Whether the certificate is that of the whole organization, not of the place where it was seen.
    package var isShared: Bool

    package var lifetime: Duration { .seconds(end.timeIntervalSince(begin)) }
}

extension Observation {
    /// The validity of the certificate that was seen; nil if the observation is of something else.
    package var validity: Validity? {
        switch self {
        case .oauthCertificate(let copy):
            Validity(begin: copy.facts.notBefore, end: copy.facts.notAfter, isShared: copy.server.isEmpty)
        case .peerCertificate(_, _, _, let facts): Validity(begin: facts.notBefore, end: facts.notAfter, isShared: false)
        case .fileCertificate(let file): Validity(begin: file.facts.notBefore, end: file.facts.notAfter, isShared: false)
        case .credential(let facts): Validity(begin: facts.notBefore, end: facts.notAfter, isShared: false)
        default: nil
        }
    }
}
