import Certificates
import FoundationEssentials

/// Which certificate the copies ought to be, judged from what every server publishes. Pure.
struct Agreement: Sendable {
    /// What every copy is measured by; nil where nothing names one.
    let reference: Thumbprint?
    /// All servers seen agree on `reference`, and the configured thumbprint is another: the configuration is old.
    let isConfigurationOutdated: Bool

    /// - Parameters:
    ///   - configured: AuthConfig's current thumbprint, where it is known.
    ///   - published: the signing keys of each server that could be seen, at least one server.
    init(configured: Thumbprint?, published: [[CertificateFacts]]) {
        let sets = published.map { Set($0.map(\.thumbprint)) }
        let common = sets.dropFirst().reduce(sets.first ?? []) { $0.intersection($1) }
        let agreed = published.first?.filter { common.contains($0.thumbprint) }.max { $0.notBefore < $1.notBefore }?.thumbprint
        guard let configured else {
            reference = agreed ?? Self.commonest(published)
            isConfigurationOutdated = false
            return
        }
        let isPublished = sets.contains { $0.contains(configured) }
        isConfigurationOutdated = !isPublished && agreed != nil
        reference = isConfigurationOutdated ? agreed : configured
    }

    /// The newest key of most servers; the newer one of a tie.
    private static func commonest(_ published: [[CertificateFacts]]) -> Thumbprint? {
        var votes: [Thumbprint: (count: Int, begin: Date)] = [:]
        for keys in published {
            guard let newest = keys.max(by: { $0.notBefore < $1.notBefore }) else { continue }
            votes[newest.thumbprint] = ((votes[newest.thumbprint]?.count ?? 0) + 1, newest.notBefore)
        }
        return votes.max { ($0.value.count, $0.value.begin, $0.key) < ($1.value.count, $1.value.begin, $1.key) }?.key
    }
}
