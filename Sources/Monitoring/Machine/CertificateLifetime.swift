import Certificates
import FoundationEssentials
import Probing

/// A certificate judged by a run: where it was found, and how much of its lifetime was left.
struct CertificateLifetime {
    let facts: CertificateFacts
    /// `presented as leaf`, `published by mbx01 (current)`
    let place: String
    let stage: Stage
    /// Percentage of the lifetime left at the end of the run; negative after expiry.
    let percentLeft: Double

    /// Accepts current and next copies of the OAuth certificate, a peer's leaf, other peer certificates that are in the
    /// verified chain, those of files, and the agent's own.
    /// - Returns: nil for any other observation.
    init?(_ observation: Observation, at date: Date) {
        switch observation {
        case .oauthCertificate(let copy) where [.current, .next].contains(copy.slot):
            place = copy.source.rawValue + (copy.server.isEmpty ? "" : " by \(copy.server)") + " (\(copy.slot.rawValue))"
            (facts, stage) = (copy.facts, .certificate)
        case .peerCertificate(let stage, let depth, let isVerified, let facts) where depth == 0 || isVerified:
            place = depth == 0 ? "presented as leaf" : "presented at depth \(depth)"
            (self.facts, self.stage) = (facts, stage)
        case .fileCertificate(let file):
            place = file.place
            (facts, stage) = (file.facts, .file)
        case .credential(let facts):
            place = "the agent's own"
            (self.facts, stage) = (facts, .config)
        default: return nil
        }
        let lifetime = facts.notAfter.timeIntervalSince(facts.notBefore)
        percentLeft = lifetime > 0 ? facts.notAfter.timeIntervalSince(date) * 100 / lifetime : 0
    }

    /// The finding for a monitor with this limit.
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
    /// The judged certificate with the smallest percentage of its lifetime left; nil if there is none.
    var shortestLifetime: CertificateLifetime? {
        outcome.observations.compactMap { CertificateLifetime($0, at: end) }.min { $0.percentLeft < $1.percentLeft }
    }
}
