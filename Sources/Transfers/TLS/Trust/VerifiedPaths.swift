import CCurl
import Certificates
import FoundationEssentials

/// All paths from a leaf to a trusted certificate, over presented and trusted certificates: a peer whose old root is about to expire may
/// have another path that is valid for longer, and of two issuers with the same name and key, only one may be issued by a trusted root.
struct VerifiedPaths {
    /// From the leaf to the anchor, and the earliest notAfter of these. The certificates belong to OpenSSL's context and its store.
    typealias Path = (certificates: [OpaquePointer], end: Date)

    /// The one that is valid for longest comes first.
    let all: [Path]

    /// The earliest notAfter of each path, and of these the latest; nil if there is no path.
    var lastExpiry: Date? { all.first?.end }

    private static let longest = 10
    /// Maximum number of paths that are verified one by one.
    private static let mostTried = 10
    /// Maximum number of signature checks: a peer may present certificates that sign each other in cycles.
    private static let mostChecks = 100

    /// - Parameter context: OpenSSL's verification context, after a verification.
    init(_ context: OpaquePointer, at date: Date) {
        var search = Search(context: context, date: date)
        if let leaf = X509_STORE_CTX_get0_cert(context), let end = CertificateFacts(leaf)?.notAfter {
            search.extend([leaf], earliest: end)
        }
        all = search.found.sorted { $0.end > $1.end }
    }

    /// Verifies the leaf again, each time with the presented certificates of one path only: OpenSSL tries one issuer of a name.
    /// - Parameter prepare: called with each further context before its verification.
    /// - Returns: the first chain that is valid; nil if there is none.
    func verifiedAgain(_ context: OpaquePointer, prepared prepare: (OpaquePointer) -> Void) -> [OpaquePointer]? {
        let presented = X509_STORE_CTX_get0_untrusted(context)
        let own = (0..<agent_chain_count(presented)).compactMap { agent_chain_at(presented, $0) }
        defer { ERR_clear_error() }
        for path in all.prefix(Self.mostTried) {
            let (again, chain) = (X509_STORE_CTX_new(), agent_chain_new())
            defer {
                X509_STORE_CTX_free(again)
                agent_chain_drop(chain)
            }
            guard let again, let chain else { return nil }
            for certificate in path.certificates where own.contains(certificate) { agent_chain_add(chain, certificate) }
            guard X509_STORE_CTX_init(again, X509_STORE_CTX_get0_store(context), X509_STORE_CTX_get0_cert(context), chain) == 1,
                X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(again), X509_STORE_CTX_get0_param(context)) == 1
            else { continue }
            prepare(again)
            if X509_verify_cert(again) == 1 { return Self.chain(of: again) }
        }
        return nil
    }

    /// The chain that was verified, from the leaf to the anchor.
    static func chain(of context: OpaquePointer) -> [OpaquePointer] {
        let chain = X509_STORE_CTX_get0_chain(context)
        return (0..<agent_chain_count(chain)).compactMap { agent_chain_at(chain, $0) }
    }

    private struct Search {
        let context: OpaquePointer
        let date: Date
        var found: [Path] = []
        var checks = 0

        mutating func extend(_ path: [OpaquePointer], earliest: Date) {
            guard let last = path.last, path.count < VerifiedPaths.longest else { return }
            let name = X509_get_issuer_name(last)
            // An anchor ends a path; if the leaf itself is trusted, the path consists of it.
            if let trusted = X509_STORE_CTX_get1_certs(context, X509_get_subject_name(last)) {
                defer { agent_chain_free(trusted) }
                if (0..<agent_chain_count(trusted)).contains(where: { X509_cmp(agent_chain_at(trusted, $0), last) == 0 }) {
                    found.append((path, earliest))
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
