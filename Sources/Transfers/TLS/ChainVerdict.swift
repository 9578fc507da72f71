import CCurl
package import Certificates
package import FoundationEssentials

/// The result of verifying the presented chain, with OpenSSL's error code.
package struct ChainVerdict: Sendable, Hashable {
    /// Why the chain is refused.
    package enum Fault: String, Sendable, Hashable, CaseIterable {
        case expired
        case notYetValid
        /// No path to a trusted root, or a certificate that may not be used for this purpose.
        case untrusted
        case nameMismatch
        case revoked
        case chainTooLong
        /// A key is weaker than OpenSSL's security level requires.
        case keyTooSmall
        case signatureWeak
        /// There is no revocation list of the issuer, or it cannot be used.
        case revocationListMissing
        /// The next issue of the revocation list is overdue, or the list is not yet valid.
        case revocationListStale
        /// A field of a certificate in the chain cannot be parsed.
        case unreadable
    }

    /// nil if the chain is verified and valid for the name.
    package var fault: Fault?
    /// `X509_V_ERR_*` of the first fault; 0 if there is none.
    package var code: Int
    /// One clause for display that says which certificate has which problem; empty if there is no fault.
    package var sentence: String
    /// OpenSSL's error message, if it adds to the sentence; otherwise empty.
    package var detail: String
    /// The certificate with the fault; nil if there is none, or if it cannot be parsed.
    package var certificate: CertificateFacts?
    /// The earliest notAfter of each path to a trusted certificate, and of these the latest; nil if the chain is not verified.
    package var lastExpiry: Date?

    init(fault: Fault?, code: Int32 = 0, sentence: String = "", detail: String = "", certificate: CertificateFacts? = nil) {
        self.fault = fault
        self.code = Int(code)
        self.sentence = sentence
        self.detail = detail
        self.certificate = certificate
    }

    /// The verdict for an OpenSSL error code.
    /// - Parameters:
    ///   - faulty: the certificate at which verification failed.
    ///   - leaf: the first certificate presented.
    init(code: Int32, faulty: CertificateFacts?, leaf: CertificateFacts?, at date: Date) {
        let words = String(cString: X509_verify_cert_error_string(Int(code)))
        let subject = faulty.map { "certificate \($0.subject) (thumbprint \($0.thumbprint))" } ?? "its certificate"
        let fault = Self.fault(code)
        self.init(fault: fault, code: code, certificate: faulty)
        switch fault {
        case .expired: sentence = "\(subject) \(faulty?.expiryText(at: date) ?? "expired")"
        case .notYetValid:
            sentence = subject + (faulty.map { " is not valid before \($0.notBefore.formatted(.iso8601))" } ?? " is not yet valid")
        case .keyTooSmall:
            sentence = subject + " has a key that is too small" + (faulty.map { ": \($0.keyType) with \($0.keyBits) bits" } ?? "")
        case .signatureWeak:
            sentence = subject + " has a signature that is too weak" + (faulty.map { ": \($0.signatureAlgorithm)" } ?? "")
        case .unreadable: self = .unreadable(code)
        case .revocationListMissing:
            let isThere = code != X509_V_ERR_UNABLE_TO_GET_CRL
            sentence =
                "\(subject) cannot be looked up: \(isThere ? "the revocation list" : "there is no revocation list")"
                + (faulty.map { " of \($0.issuer)" } ?? "") + (isThere ? " cannot be used" : "")
            detail = isThere ? words : ""
        case .revocationListStale:
            sentence = "\(subject) cannot be looked up: the revocation list" + (faulty.map { " of \($0.issuer)" } ?? "") + " is out of date"
        case .revoked: sentence = "\(subject) was revoked"
        case .chainTooLong, .untrusted, .nameMismatch:
            let name = leaf.map { "certificate \($0.subject), issued by \($0.issuer)," } ?? "its certificate"
            sentence = "\(name) is not trusted"
            detail = faulty.flatMap { $0 == leaf ? nil : "\(words): \($0.subject), issued by \($0.issuer)" } ?? words
            certificate = leaf
        }
    }

    static func unreadable(_ code: Int32) -> ChainVerdict {
        ChainVerdict(
            fault: .unreadable, code: code, sentence: "a certificate of the chain cannot be parsed",
            detail: String(cString: X509_verify_cert_error_string(Int(code))))
    }

    static func nameMismatch(_ leaf: CertificateFacts?, asked: String) -> ChainVerdict {
        let names = leaf?.names ?? []
        let list = names.isEmpty ? ": its subject alternative name is empty" : ", but for " + names.prefix(10).joined(separator: ", ")
        return ChainVerdict(
            fault: .nameMismatch, code: X509_V_ERR_HOSTNAME_MISMATCH,
            sentence: "certificate \(leaf?.subject ?? "") is not valid for \(asked)\(list)", certificate: leaf)
    }

    static func excludedName(
        _ leaf: CertificateFacts?, wildcard: String, excluded: String, issuer: CertificateFacts?
    ) -> ChainVerdict {
        ChainVerdict(
            fault: .untrusted, code: X509_V_ERR_EXCLUDED_VIOLATION,
            sentence:
                "certificate \(leaf?.subject ?? "") is for \(wildcard), but \(issuer?.subject ?? "its issuer") must not vouch for \(excluded)",
            certificate: leaf)
    }

    static func tooLong(_ count: Int, accepted: Int, _ leaf: CertificateFacts?) -> ChainVerdict {
        ChainVerdict(
            fault: .chainTooLong, code: X509_V_ERR_CERT_CHAIN_TOO_LONG,
            sentence: "\(count) certificates were presented, the maximum is \(accepted)", certificate: leaf)
    }

    private static func fault(_ code: Int32) -> Fault {
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED: .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid
        case X509_V_ERR_CERT_REVOKED: .revoked
        case X509_V_ERR_CERT_CHAIN_TOO_LONG: .chainTooLong
        case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE,
            X509_V_ERR_CRL_SIGNATURE_FAILURE, X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD,
            X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, X509_V_ERR_DIFFERENT_CRL_SCOPE,
            X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
            .revocationListMissing
        case X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_CRL_NOT_YET_VALID: .revocationListStale
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL: .keyTooSmall
        case X509_V_ERR_CA_MD_TOO_WEAK: .signatureWeak
        case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD: .unreadable
        default: .untrusted
        }
    }
}
