import Addresses
import CCurl
import Certificates
import FoundationEssentials
import Glibc

/// Verifies what a peer presents, inside the handshake, and keeps it whatever the verdict.
///
/// A verdict against the peer fails the handshake itself: no request is ever sent to it, unless the settings say otherwise.
final class PeerVerifier {
    private(set) var chain: [CertificateFacts] = []
    private(set) var verdict: ChainVerdict?
    /// Why the handshake cannot even begin: a client certificate that cannot be used.
    private(set) var ownFault: String?
    private let hostname: String
    private let settings: TLSSettings
    /// What to ask for (SNI) instead of the host the connection is for, as OpenSSL reads it during the handshake; nil leaves it.
    private let askedName: UnsafeMutablePointer<CChar>?
    /// The level that keys and signatures of the peer's chain must reach, where that of the session had to be lowered.
    private var chainLevel: Int32?

    /// - Parameter host: the host the connection is for; the settings may name another.
    init(host: String, settings: TLSSettings) {
        hostname = settings.name(for: host)
        self.settings = settings
        // An address is no name to ask for.
        askedName = settings.serverName.flatMap { strdup(NetworkAddress($0) == nil ? $0 : "") }
    }

    deinit { free(askedName) }

    /// Prepares a context for one connection. The verifier outlives the session it belongs to.
    func attach(to context: OpaquePointer) {
        SSL_CTX_set1_cert_store(context, settings.trust.store)
        if let askedName { agent_ssl_context_set_host(context, askedName) }
        if settings.minimum < .v1_2 {
            // OpenSSL's default level refuses the handshake signatures of TLS 1.0 and 1.1 altogether; the certificates are another matter.
            chainLevel = SSL_CTX_get_security_level(context)
            SSL_CTX_set_security_level(context, 0)
        }
        if let own = settings.clientCertificate { use(own, in: context) }
        SSL_CTX_set_cert_verify_callback(
            context,
            { store, verifier in
                guard let store, let verifier else { return 0 }
                return Unmanaged<PeerVerifier>.fromOpaque(verifier).takeUnretainedValue().verify(store) ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func use(_ own: ClientCertificate, in context: OpaquePointer) {
        do throws(ClientCertificate.Unusable) { try own.use(in: context) } catch { ownFault = error.sentence }
    }

    private func verify(_ store: OpaquePointer) -> Bool {
        let presented = X509_STORE_CTX_get0_untrusted(store)
        let count = Int(agent_chain_count(presented))
        let certificates = (0..<min(count, settings.chainBound)).compactMap { agent_chain_at(presented, Int32($0)) }
        if count <= settings.chainBound,
            let known = settings.trust.verdicts.known(certificates, hostname, at: settings.verificationDate ?? Date())
        {
            chain = known.chain
            verdict = known.verdict
            return true
        }
        chain = certificates.compactMap { CertificateFacts($0) }
        if let chainLevel { X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(store), chainLevel) }
        if let date = settings.verificationDate { X509_STORE_CTX_set_time(store, 0, time_t(date.timeIntervalSince1970)) }
        let verdict = count > settings.chainBound ? tooLong(count) : judge(store)
        self.verdict = verdict
        if verdict.fault == nil {
            settings.trust.verdicts.keep(certificates, hostname, chain: chain, verdict: verdict, until: Self.validity(of: store))
            return true
        }
        guard settings.verifies else {
            X509_STORE_CTX_set_error(store, X509_V_OK)
            return true
        }
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
        var verdict = ChainVerdict(fault: nil)
        verdict.lastExpiry = VerifiedPaths(store, at: settings.verificationDate ?? Date()).lastExpiry
        return verdict
    }

    private func tooLong(_ count: Int) -> ChainVerdict {
        ChainVerdict(
            fault: .chainTooLong, code: Int(X509_V_ERR_CERT_CHAIN_TOO_LONG),
            sentence: "\(count) certificates presented, \(settings.chainBound) accepted")
    }

    /// The subject's common name never counts, as everywhere today.
    private func bearsName(_ leaf: OpaquePointer) -> Bool {
        if X509_check_ip_asc(leaf, hostname, 0) == 1 { return true }
        let flags = UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
        return X509_check_host(leaf, hostname, hostname.utf8.count, flags, nil) == 1
    }

    /// When the chain that verified is valid in all its parts.
    private static func validity(of store: OpaquePointer) -> ClosedRange<Date>? {
        let verified = X509_STORE_CTX_get0_chain(store)
        let facts = (0..<agent_chain_count(verified)).compactMap { agent_chain_at(verified, $0).flatMap { CertificateFacts($0) } }
        guard let from = facts.map(\.notBefore).max(), let to = facts.map(\.notAfter).min(), from <= to else { return nil }
        return from...to
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
