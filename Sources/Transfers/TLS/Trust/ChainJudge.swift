import Addresses
import CCurl
import Certificates
import FoundationEssentials

/// Judges what a peer presented: whether a path leads from its certificate to a trusted one, and whether it is valid for the name.
struct ChainJudge {
    /// A name or an address.
    let hostname: String
    /// The first certificate presented; nil if it cannot be parsed.
    let leaf: CertificateFacts?
    let date: Date
    /// Whether the leaf must be in the scope of a revocation list of the store, and not on it. Its authorities must not be on one.
    let checksRevocation: Bool

    /// - Parameter context: OpenSSL's verification context, before a verification.
    /// - Returns: the verdict, and the chain from the leaf to the anchor, which is empty if there is a fault.
    func judge(_ context: OpaquePointer) -> (verdict: ChainVerdict, verified: [OpaquePointer]) {
        prepare(context)
        let isVerified = X509_verify_cert(context) == 1
        let paths = VerifiedPaths(context, at: date)
        guard let verified = isVerified ? VerifiedPaths.chain(of: context) : paths.verifiedAgain(context, prepared: prepare) else {
            let faulty = X509_STORE_CTX_get_current_cert(context)
            let facts = faulty.flatMap { CertificateFacts($0) }
            let code = X509_STORE_CTX_get_error(context)
            let isUnreadable = faulty != nil && facts == nil
            return (isUnreadable ? .unreadable(code) : ChainVerdict(code: code, faulty: facts, leaf: leaf, at: date), [])
        }
        guard let certificate = X509_STORE_CTX_get0_cert(context), isValidForName(certificate) else {
            return (.nameMismatch(leaf, asked: hostname), [])
        }
        if let (wildcard, excluded, issuer) = ExcludedNames.violation(of: leaf?.names ?? [], in: verified) {
            return (.excludedName(leaf, wildcard: wildcard, excluded: excluded, issuer: CertificateFacts(issuer)), [])
        }
        var verdict = ChainVerdict(fault: nil)
        verdict.lastExpiry = paths.lastExpiry
        return (verdict, verified)
    }

    private func prepare(_ context: OpaquePointer) {
        // Name constraints apply to the names that are compared, which the common name never is. OpenSSL applies them to it where there is no
        // DNS name.
        X509_VERIFY_PARAM_set_hostflags(X509_STORE_CTX_get0_param(context), UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        guard checksRevocation else { return }
        // Not for all of the store, which verifies stapled responses too.
        let flags = X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS
        X509_STORE_CTX_set_flags(context, UInt(flags))
        X509_STORE_CTX_set_verify_cb(context) { isGood, context in
            let isWithoutList = [X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_DIFFERENT_CRL_SCOPE].contains(X509_STORE_CTX_get_error(context))
            return isWithoutList && X509_STORE_CTX_get_error_depth(context) > 0 ? 1 : isGood
        }
    }

    /// An address is only compared with the certificate's IP addresses, a name only with its DNS names, never with the common name.
    private func isValidForName(_ certificate: OpaquePointer) -> Bool {
        if let address = NetworkAddress(hostname) { return X509_check_ip(certificate, address.bytes, address.bytes.count, 0) == 1 }
        // OpenSSL interprets a leading dot as any subdomain.
        guard !hostname.isEmpty, !hostname.hasPrefix(".") else { return false }
        let flags = UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
        return X509_check_host(certificate, hostname, hostname.utf8.count, flags, nil) == 1
    }
}
