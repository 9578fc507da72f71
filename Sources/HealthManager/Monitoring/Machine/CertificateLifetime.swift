import Certificates
import FoundationEssentials

/// A certificate that a run judged, where it was seen, and how much of its lifetime was left.
struct CertificateLifetime {
    let facts: CertificateFacts
    /// `the leaf presented`, `published by mbx01 (current)`
    let place: String
    let stage: Stage
    /// Of its lifetime, at the end of the run; negative after its end.
    let percentLeft: Double

    /// Of the OAuth certificate's current and next copies, of the leaf that a peer presented, and of what else it presented of the chain that
    /// verified: what merely lies beside it harms nobody.
    /// - Returns: nil for all else.
    init?(_ observation: Observation, at date: Date) {
        switch observation {
        case .oauthCertificate(let copy) where [.current, .next].contains(copy.slot):
            place = copy.source.rawValue + (copy.server.isEmpty ? "" : " by \(copy.server)") + " (\(copy.slot.rawValue))"
            (facts, stage) = (copy.facts, .certificate)
        case .peerCertificate(let stage, let depth, let isVerified, let facts) where depth == 0 || isVerified:
            place = depth == 0 ? "the leaf presented" : "presented at depth \(depth)"
            (self.facts, self.stage) = (facts, stage)
        default: return nil
        }
        let lifetime = facts.notAfter.timeIntervalSince(facts.notBefore)
        percentLeft = lifetime > 0 ? facts.notAfter.timeIntervalSince(date) * 100 / lifetime : 0
    }

    /// Why a monitor with that limit raises an alert.
    func finding(_ result: ProbeResult, belowPercent limit: Double) -> Finding {
        let target = [result.key.server, result.key.identity.target ?? "", result.key.address].filter { !$0.isEmpty }.joined(separator: " ")
        let left = percentLeft > 0 ? ": \(Int(percentLeft)) % of its lifetime is left, less than \(limit) %" : ""
        return Finding(
            .warning, stage: stage, reason: percentLeft > 0 ? .certificateExpiresSoon : .certificateExpired,
            sentence: (target.isEmpty ? "" : target + ": ")
                + "certificate \(facts.subject) (thumbprint \(facts.thumbprint)), \(place), \(facts.expiryText(at: result.end))\(left)",
            certificate: facts.thumbprint)
    }
}

extension ProbeResult {
    /// The judged certificate with the least of its lifetime left; nil where none was seen.
    var shortestLifetime: CertificateLifetime? {
        outcome.observations.compactMap { CertificateLifetime($0, at: end) }.min { $0.percentLeft < $1.percentLeft }
    }
}
