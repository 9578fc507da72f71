import Certificates
import FoundationEssentials
import Probing
import Transfers

extension Thresholds {
    /// The dates at which `expiry`, or the verification of a certificate with this validity, could turn.
    func turns(with validity: Validity) -> [Date] {
        [validity.begin, validity.end, validity.end.addingTimeInterval(-warning(lifetime: validity.lifetime).seconds)]
    }

    /// The warning for a server whose TLS certificate, or its issuer's, expires within the warning threshold; nil if it lasts longer.
    /// - Parameter peer: the name of the server in the sentence.
    func expiry(of tls: TLSReport?, peer: String, at date: Date) -> Finding? {
        let used = (tls?.chain ?? []).filter { $0.depth == 0 || $0.isVerified }.map(\.facts)
        let expiring = used.filter { facts in
            let lifetime = Duration.seconds(facts.notAfter.timeIntervalSince(facts.notBefore))
            return facts.notAfter.timeIntervalSince(date) < warning(lifetime: lifetime).seconds
        }
        guard let first = expiring.min(by: { $0.notAfter < $1.notAfter }) else { return nil }
        return Finding(
            .warning, stage: .tls, reason: .certificateExpiresSoon,
            sentence: "\(peer): the TLS certificate \(first.subject) (thumbprint \(first.thumbprint)) \(first.expiryText(at: date))",
            certificate: first.thumbprint)
    }
}
