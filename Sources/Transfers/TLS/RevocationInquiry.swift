import CCurl
package import Certificates
package import FoundationEssentials

/// Asks whether a certificate was revoked: what to send to an OCSP responder, and how to read its response or a revocation list.
///
/// What is read is accepted only if the issuer, or whom it has told to, has signed it. Dates are not judged.
package struct RevocationInquiry: Sendable {
    /// The maximum size of a revocation list, in bytes.
    package static let listLimit = 32 << 20
    /// The maximum size of an OCSP response, in bytes.
    package static let responseLimit = StapledResponse.limit

    private let leaf: CertificateFacts
    private let issuer: CertificateFacts

    /// - Parameters:
    ///   - leaf: with its `der`.
    ///   - issuer: the verified issuer, with its `der`.
    package init(_ leaf: CertificateFacts, by issuer: CertificateFacts) {
        self.leaf = leaf
        self.issuer = issuer
    }

    /// The OCSP request in DER, without a nonce, which few responders answer; nil if a certificate cannot be parsed.
    package var request: [UInt8]? {
        withCertificates { leaf, issuer in
            guard let request = OCSP_REQUEST_new() else { return nil }
            defer { OCSP_REQUEST_free(request) }
            guard let identifier = OCSP_cert_to_id(EVP_sha1(), leaf, issuer), OCSP_request_add0_id(request, identifier) != nil else {
                return nil
            }
            var encoded: UnsafeMutablePointer<UInt8>?
            let length = i2d_OCSP_REQUEST(request, &encoded)
            defer { agent_openssl_free(encoded) }
            return length > 0 ? encoded.map { Array(UnsafeBufferPointer(start: $0, count: Int(length))) } : nil
        }
    }

    /// Reads the response of a responder.
    package func response(_ bytes: [UInt8]) throws(StapledResponse.Unusable) -> StapledResponse {
        let read = withCertificates { leaf, issuer -> Result<StapledResponse, StapledResponse.Unusable>? in
            guard let store = X509_STORE_new(), let chain = agent_chain_new() else { return nil }
            defer {
                X509_STORE_free(store)
                agent_chain_drop(chain)
            }
            // The issuer has been verified, and need not be a root.
            X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
            X509_STORE_add_cert(store, issuer)
            agent_chain_add(chain, issuer)
            return bytes.withUnsafeBufferPointer { buffer in
                Result { () throws(StapledResponse.Unusable) in
                    try StapledResponse(buffer, leaf: leaf, issuer: issuer, chain: chain, trusting: store)
                }
            }
        }
        guard let read else { throw StapledResponse.Unusable(description: "a certificate cannot be parsed") }
        return try read.get()
    }

    /// Looks the certificate up in a revocation list, in DER or PEM.
    /// - Parameter url: where the certificate says that the list is: one for other certificates is refused.
    package func status(in list: [UInt8], at url: String) throws(StapledResponse.Unusable) -> ListedStatus {
        let read = withCertificates { leaf, issuer -> Result<ListedStatus, StapledResponse.Unusable>? in
            Result { () throws(StapledResponse.Unusable) in try ListedStatus(list, at: url, leaf: leaf, issuer: issuer) }
        }
        guard let read else { throw StapledResponse.Unusable(description: "a certificate cannot be parsed") }
        return try read.get()
    }

    private func withCertificates<Value>(_ body: (_ leaf: OpaquePointer, _ issuer: OpaquePointer) -> Value?) -> Value? {
        defer { ERR_clear_error() }
        guard let leaf = DERCertificate.parse(leaf.der) else { return nil }
        defer { X509_free(leaf) }
        guard let issuer = DERCertificate.parse(issuer.der) else { return nil }
        defer { X509_free(issuer) }
        return body(leaf, issuer)
    }
}

/// What a revocation list says of one certificate.
package struct ListedStatus: Sendable {
    /// Whether it was revoked.
    package var isRevoked: Bool
    /// Nil unless it was revoked.
    package var revokedAt: Date?
    package var thisUpdate: Date?
    /// When the next list is due; nil if it does not say.
    package var nextUpdate: Date?

    fileprivate init(_ bytes: [UInt8], at url: String, leaf: OpaquePointer, issuer: OpaquePointer) throws(StapledResponse.Unusable) {
        guard let list = Self.parse(bytes) else { throw StapledResponse.Unusable(description: "it cannot be parsed") }
        defer { X509_CRL_free(list) }
        guard X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(issuer)) == 0 else {
            throw StapledResponse.Unusable(description: "it is of another issuer")
        }
        guard let key = X509_get0_pubkey(issuer), X509_CRL_verify(list, key) == 1 else {
            throw StapledResponse.Unusable(description: "its signature cannot be verified")
        }
        guard agent_list_covers(list, url) == 1 else { throw StapledResponse.Unusable(description: "it is a list for other certificates") }
        var entry: OpaquePointer?
        // 2: listed, to be removed from the list.
        isRevoked = X509_CRL_get0_by_cert(list, &entry, leaf) == 1
        revokedAt = isRevoked ? StapledResponse.date(X509_REVOKED_get0_revocationDate(entry)) : nil
        thisUpdate = StapledResponse.date(X509_CRL_get0_lastUpdate(list))
        nextUpdate = StapledResponse.date(X509_CRL_get0_nextUpdate(list))
    }

    private static func parse(_ bytes: [UInt8]) -> OpaquePointer? {
        bytes.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            if let list = d2i_X509_CRL(nil, &cursor, buffer.count) { return list }
            guard let bio = BIO_new_mem_buf(buffer.baseAddress, Int32(buffer.count)) else { return nil }
            defer { BIO_free(bio) }
            return PEM_read_bio_X509_CRL(bio, nil, agent_no_password, nil)
        }
    }
}

private enum DERCertificate {
    static func parse(_ bytes: [UInt8]) -> OpaquePointer? {
        bytes.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return d2i_X509(nil, &cursor, buffer.count)
        }
    }
}
