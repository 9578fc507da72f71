import CCurl
import Certificates
import FoundationEssentials

/// Searches all paths from a leaf to a trusted certificate, over presented and trusted certificates: a peer whose old root is about to
/// expire may have another path that is valid for longer.
struct VerifiedPaths {
    /// The earliest notAfter of each path, and of these the latest; nil if there is no path.
    let lastExpiry: Date?

    private static let longest = 10
    /// Maximum number of signature checks: a peer may present certificates that sign each other in cycles.
    private static let mostChecks = 100

    /// - Parameter context: OpenSSL's verification context, after a successful verification.
    init(_ context: OpaquePointer, at date: Date) {
        var search = Search(context: context, date: date)
        if let leaf = X509_STORE_CTX_get0_cert(context), let end = CertificateFacts(leaf)?.notAfter {
            search.extend([leaf], earliest: end)
        }
        lastExpiry = search.best
    }

    private struct Search {
        let context: OpaquePointer
        let date: Date
        var best: Date?
        var checks = 0

        mutating func extend(_ path: [OpaquePointer], earliest: Date) {
            guard let last = path.last, path.count < VerifiedPaths.longest else { return }
            let name = X509_get_issuer_name(last)
            // An anchor ends a path; if the leaf itself is trusted, the path consists of it.
            if let trusted = X509_STORE_CTX_get1_certs(context, X509_get_subject_name(last)) {
                defer { agent_chain_free(trusted) }
                if (0..<agent_chain_count(trusted)).contains(where: { X509_cmp(agent_chain_at(trusted, $0), last) == 0 }) {
                    best = max(best ?? earliest, earliest)
                    return
                }
            }
            if let trusted = X509_STORE_CTX_get1_certs(context, name) {
                defer { agent_chain_free(trusted) }
                for index in 0..<agent_chain_count(trusted) { step(to: agent_chain_at(trusted, index), from: path, earliest) }
            }
            let presented = X509_STORE_CTX_get0_untrusted(context)
            for index in 0..<agent_chain_count(presented) {
                guard let candidate = agent_chain_at(presented, index), X509_NAME_cmp(X509_get_subject_name(candidate), name) == 0 else {
                    continue
                }
                step(to: candidate, from: path, earliest)
            }
        }

        private mutating func mayCheck() -> Bool {
            checks += 1
            return checks <= VerifiedPaths.mostChecks
        }

        private mutating func step(to issuer: OpaquePointer?, from path: [OpaquePointer], _ earliest: Date) {
            guard let issuer, let last = path.last, !path.contains(where: { X509_cmp($0, issuer) == 0 }),
                X509_check_issued(issuer, last) == X509_V_OK, mayCheck(), X509_verify(last, X509_get0_pubkey(issuer)) == 1,
                let facts = CertificateFacts(issuer), facts.notBefore <= date, date <= facts.notAfter
            else { return ERR_clear_error() }
            extend(path + [issuer], earliest: min(earliest, facts.notAfter))
        }
    }
}
