import CCurl
package import FoundationEssentials

extension CertificateBundle {
    /// A certificate revocation list (CRL).
    package struct RevocationList: Sendable, Hashable {
        /// Like that of an entry.
        package var part: String
        /// One line in RFC 2253 order, as `CertificateFacts.issuer`.
        package var issuer: String
        package var thisUpdate: Date
        /// When the issuer will have published the next list; nil if the list does not say.
        package var nextUpdate: Date?
        /// The CRL number in decimal digits; nil if it has none, or one of more than 64 bytes.
        package var number: String?
        /// The number of revoked certificates.
        package var revokedCount: Int

        /// Reads an OpenSSL `X509_CRL` object, which remains owned by the caller; nil if a date cannot be decoded.
        init?(_ list: OpaquePointer, part: String) {
            guard let thisUpdate = CertificateFacts.date(X509_CRL_get0_lastUpdate(list)) else { return nil }
            let next = X509_CRL_get0_nextUpdate(list)
            nextUpdate = CertificateFacts.date(next)
            guard next == nil || nextUpdate != nil else { return nil }
            self.part = part
            self.thisUpdate = thisUpdate
            issuer = CertificateFacts.name(X509_CRL_get_issuer(list))
            revokedCount = Int(agent_revoked_count(list))
            if let digits = agent_list_number(list) {
                number = String(cString: digits)
                agent_openssl_free(digits)
            }
        }
    }
}
