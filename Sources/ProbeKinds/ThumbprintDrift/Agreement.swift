import Certificates
import FoundationEssentials

/// Determines which certificate all copies should be, from the keys every server publishes. Pure.
struct Agreement: Sendable {
    /// The certificate that every copy is compared with; nil if none can be determined.
    let reference: Thumbprint?
    /// Whether all observed servers agree on `reference` while another thumbprint is configured: the configuration is out of date.
    let isConfigurationOutdated: Bool

    /// - Parameters:
    ///   - configured: AuthConfig's current thumbprint; nil if not known.
    ///   - isAuthoritative: whether Exchange itself says so, in a snapshot, so that it cannot be out of date.
    ///   - published: the signing keys of each server whose document could be read.
    init(configured: Thumbprint?, isAuthoritative: Bool = false, published: [[CertificateFacts]]) {
        let sets = published.map { Set($0.map(\.thumbprint)) }
        let common = sets.dropFirst().reduce(sets.first ?? []) { $0.intersection($1) }
        let agreed = published.first?.filter { common.contains($0.thumbprint) }.max { $0.notBefore < $1.notBefore }?.thumbprint
        guard let configured else {
            reference = agreed ?? Self.commonest(published)
            isConfigurationOutdated = false
            return
        }
        let isPublished = sets.contains { $0.contains(configured) }
        isConfigurationOutdated = !isAuthoritative && !isPublished && agreed != nil
        reference = isConfigurationOutdated ? agreed : configured
    }

    /// The key that is the newest one on most servers; the newer one if there is a tie.
    private static func commonest(_ published: [[CertificateFacts]]) -> Thumbprint? {
        var votes: [Thumbprint: (count: Int, begin: Date)] = [:]
        for keys in published {
            guard let newest = keys.max(by: { $0.notBefore < $1.notBefore }) else { continue }
            votes[newest.thumbprint] = ((votes[newest.thumbprint]?.count ?? 0) + 1, newest.notBefore)
        }
        return votes.max { ($0.value.count, $0.value.begin, $0.key) < ($1.value.count, $1.value.begin, $1.key) }?.key
    }
}
