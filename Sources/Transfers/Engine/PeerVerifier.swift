import CCurl
import Certificates
import FoundationEssentials

/// Verifies what a peer presents, inside the handshake, and keeps it whatever the verdict.
///
/// A verdict against the peer fails the handshake itself: no request is ever sent to it.
final class PeerVerifier {
    private(set) var chain: [CertificateFacts] = []
    private(set) var verdict: ChainVerdict?
    private let hostname: String
    private let date: Date?
    private let chainBound: Int
    private let trust: TrustStore
    private let allowsOldTLS: Bool

    init(hostname: String, request: ExchangeRequest) {
        self.hostname = hostname
        date = request.verificationDate
        chainBound = request.bounds.chain
        trust = request.trust
        allowsOldTLS = [.v1_0, .v1_1].contains(request.minimumTLS)
    }

    /// Called by libcurl for each new connection, on the engine's thread. The verifier outlives the transfer it belongs to.
    func attach(to context: OpaquePointer) {
        SSL_CTX_set1_cert_store(context, trust.store)
        // OpenSSL's default level refuses the signatures of TLS 1.0 and 1.1 altogether.
        if allowsOldTLS { SSL_CTX_set_security_level(context, 0) }
        SSL_CTX_set_cert_verify_callback(
            context,
            { store, verifier in
                guard let store, let verifier else { return 0 }
                return Unmanaged<PeerVerifier>.fromOpaque(verifier).takeUnretainedValue().verify(store) ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func verify(_ store: OpaquePointer) -> Bool {
        let presented = X509_STORE_CTX_get0_untrusted(store)
        let count = Int(agent_chain_count(presented))
        chain = (0..<min(count, chainBound)).compactMap { agent_chain_at(presented, Int32($0)).flatMap { CertificateFacts($0) } }
        if let date { X509_STORE_CTX_set_time(store, 0, time_t(date.timeIntervalSince1970)) }
        let verdict = count > chainBound ? tooLong(count) : judge(store)
        self.verdict = verdict
        if verdict.fault == nil { return true }
        X509_STORE_CTX_set_error(store, verdict.code == 0 ? Int32(X509_V_ERR_HOSTNAME_MISMATCH) : Int32(verdict.code))
        return false
    }

    private func judge(_ store: OpaquePointer) -> ChainVerdict {
        guard X509_verify_cert(store) == 1 else {
            let code = X509_STORE_CTX_get_error(store)
            return ChainVerdict(
                fault: Self.fault(code), code: Int(code), sentence: String(cString: X509_verify_cert_error_string(Int(code))),
                depth: Int(X509_STORE_CTX_get_error_depth(store)))
        }
        guard let leaf = X509_STORE_CTX_get0_cert(store), bearsName(leaf) else {
            let names = chain.first?.names.joined(separator: ", ") ?? ""
            return ChainVerdict(
                fault: .nameMismatch, code: Int(X509_V_ERR_HOSTNAME_MISMATCH),
                sentence: "the certificate bears \(names.isEmpty ? "no name in its subject alternative name" : names)")
        }
        return ChainVerdict(fault: nil)
    }

    private func tooLong(_ count: Int) -> ChainVerdict {
        ChainVerdict(
            fault: .chainTooLong, code: Int(X509_V_ERR_CERT_CHAIN_TOO_LONG),
            sentence: "\(count) certificates presented, \(chainBound) accepted")
    }

    /// The subject's common name never counts, as everywhere today.
    private func bearsName(_ leaf: OpaquePointer) -> Bool {
        if X509_check_ip_asc(leaf, hostname, 0) == 1 { return true }
        let flags = UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
        return X509_check_host(leaf, hostname, hostname.utf8.count, flags, nil) == 1
    }

    private static func fault(_ code: Int32) -> ChainVerdict.Fault {
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED: .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid
        case X509_V_ERR_CERT_REVOKED: .revoked
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: .nameMismatch
        case X509_V_ERR_CERT_CHAIN_TOO_LONG: .chainTooLong
        default: .untrusted
        }
    }
}
