import CCurl
package import FoundationEssentials

/// An OCSP response: one that a server sends during the handshake (RFC 6066, section 8), or that a responder was asked for.
package struct StapledResponse: Sendable, Hashable {
    /// What the authority says of the certificate; the raw values are those of ssl_exporter.
    package enum Status: Int32, Sendable, Hashable {
        case good, revoked, unknown
    }

    package var status: Status
    package var producedAt: Date?
    package var thisUpdate: Date?
    /// Until when it holds; nil if it does not say.
    package var nextUpdate: Date?
    /// Nil unless it was revoked.
    package var revokedAt: Date?

    /// A response that cannot be used, as a clause: `it is not signed by the issuer`.
    package struct Unusable: Error, Sendable, Hashable, CustomStringConvertible {
        package var description: String

        package init(description: String) { self.description = description }
    }

    /// The maximum size of a response, in bytes.
    static let limit = 64 << 10

    /// The response of an established session; nil if the server sent none.
    static func read(_ session: OpaquePointer) -> Result<StapledResponse, Unusable>? {
        var start: UnsafePointer<UInt8>?
        let count = agent_ssl_stapled_response(session, &start)
        guard count > 0, let start else { return nil }
        defer { ERR_clear_error() }
        guard count <= limit else { return .failure(Unusable(description: "it has \(count) bytes, at most \(limit) are read")) }
        return Result { () throws(Unusable) in try StapledResponse(UnsafeBufferPointer(start: start, count: count), session) }
    }

    private init(_ der: UnsafeBufferPointer<UInt8>, _ session: OpaquePointer) throws(Unusable) {
        let (presented, verified) = (SSL_get_peer_cert_chain(session), SSL_get0_verified_chain(session))
        guard let leaf = agent_chain_at(presented, 0) else { throw Unusable(description: "there is no certificate") }
        let chain = agent_chain_count(verified) > 0 ? verified : presented
        // A self-signed certificate is its own issuer.
        let candidates = (0..<agent_chain_count(chain)).compactMap { agent_chain_at(chain, $0) }
        guard let issuer = candidates.first(where: { X509_check_issued($0, leaf) == X509_V_OK }) else {
            throw Unusable(description: "the certificate's issuer is not known")
        }
        try self.init(der, leaf: leaf, issuer: issuer, chain: chain, trusting: SSL_CTX_get_cert_store(SSL_get_SSL_CTX(session)))
    }

    /// - Parameters:
    ///   - chain: certificates that may have signed the response.
    ///   - store: what the signer must lead to.
    init(
        _ der: UnsafeBufferPointer<UInt8>, leaf: OpaquePointer, issuer: OpaquePointer, chain: OpaquePointer?, trusting store: OpaquePointer?
    ) throws(Unusable) {
        var cursor = der.baseAddress
        guard let response = d2i_OCSP_RESPONSE(nil, &cursor, der.count) else { throw Unusable(description: "it cannot be parsed") }
        defer { OCSP_RESPONSE_free(response) }
        let code = OCSP_response_status(response)
        guard code == OCSP_RESPONSE_STATUS_SUCCESSFUL else {
            throw Unusable(description: "it is an error of the authority: \(String(cString: OCSP_response_status_str(Int(code))))")
        }
        guard let basic = OCSP_response_get1_basic(response) else {
            throw Unusable(description: "it contains no response that can be parsed")
        }
        defer { OCSP_BASICRESP_free(basic) }
        // Signed by the issuer, or by whom the issuer has told to: not by the server itself.
        guard OCSP_basic_verify(basic, chain, store, 0) == 1 else {
            throw Unusable(description: "its signature cannot be verified")
        }
        let digests = [EVP_sha1(), EVP_sha256()]
        for digest in digests {
            guard let identifier = OCSP_cert_to_id(digest, leaf, issuer) else { continue }
            defer { OCSP_CERTID_free(identifier) }
            var (status, reason): (Int32, Int32) = (0, 0)
            var (revoked, this, next):
                (
                    UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?, UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?,
                    UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
                )
            guard OCSP_resp_find_status(basic, identifier, &status, &reason, &revoked, &this, &next) == 1 else { continue }
            self.status = Status(rawValue: status) ?? .unknown
            producedAt = Self.date(OCSP_resp_get0_produced_at(basic))
            (thisUpdate, nextUpdate, revokedAt) = (Self.date(this), Self.date(next), Self.date(revoked))
            return
        }
        throw Unusable(description: "it is about another certificate")
    }

    static func date(_ time: UnsafePointer<ASN1_GENERALIZEDTIME>?) -> Date? {
        var parts = tm()
        guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return Date(timeIntervalSince1970: TimeInterval(timegm(&parts)))
    }
}
