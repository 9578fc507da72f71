import Addresses
import CCurl
import Certificates
import FoundationEssentials

/// Verifies the peer's certificates during the handshake, and records them even if verification fails.
///
/// If verification fails, the handshake fails, and no request is sent, unless the settings disable verification.
final class PeerVerifier {
    /// The presented chain and the verdict on it; empty until the peer has presented one.
    private var seen = TLSReport()
    /// Why the handshake cannot start: the client certificate cannot be used.
    private(set) var ownFault: ExchangeFailure?
    private let hostname: String
    private let settings: TLSSettings
    private let trust: TrustStore
    private let events: SessionEvents
    /// The security level for the peer's chain, if the level of the session had to be lowered; otherwise nil.
    private var chainLevel: Int32?

    /// - Parameter host: the host of the connection, unless the settings name another.
    init(host: String, settings: TLSSettings, trust: TrustStore) {
        hostname = settings.name(for: host)
        self.settings = settings
        self.trust = trust
        // SNI must not contain an address.
        events = SessionEvents(askedName: settings.serverName.map { NetworkAddress($0) == nil ? settings.name(for: $0) : "" })
    }

    /// The result of the handshake so far.
    var report: TLSReport {
        var report = seen
        report.asksForCertificate = events.asksForCertificate
        return report
    }

    /// Configures a context for one connection. The verifier must outlive the handshake.
    func attach(to context: OpaquePointer) {
        SSL_CTX_set1_cert_store(context, trust.store)
        agent_ssl_set_max_cert_list(context, TLSSettings.chainBytes)
        // Allowed as in Go: only the server is exposed to the attack that RFC 5746 prevents, and a warning is reported.
        agent_ssl_allow_legacy_server(context)
        events.attach(to: context)
        if settings.minimum < .v1_2 {
            // OpenSSL's default level does not allow the handshake signatures of TLS 1.0 and 1.1. It still applies to the certificates.
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

    /// The failure of a handshake or session according to the verdict or the peer's alert; nil if there is neither.
    /// - Parameter peer: the name of the peer in sentences.
    func failure(with peer: String) -> ExchangeFailure? {
        if settings.verifies, let verdict = seen.verdict, verdict.fault != nil {
            return ExchangeFailure(kind: .certificateRejected, phase: .tls, sentence: verdict.sentence, detail: verdict.detail)
        }
        guard let alert = events.alert else { return nil }
        let detail = "TLS alert \(alert)"
        guard isAboutOwnCertificate(alert) else {
            return ExchangeFailure(kind: .handshakeFailed, phase: .tls, sentence: "\(peer) rejected the TLS handshake", detail: detail)
        }
        let sentence =
            settings.clientCertificate.map { "\(peer) rejected the client certificate \($0.certificateFile)" }
            ?? "\(peer) requires a client certificate, but none is configured"
        return ExchangeFailure(kind: .clientCertificateRequired, phase: .tls, sentence: sentence, detail: detail)
    }

    private func isAboutOwnCertificate(_ alert: TLSAlert) -> Bool {
        if alert == .certificateRequired { return true }
        // Before TLS 1.3 there is no specific alert for a missing client certificate.
        return events.asksForCertificate && (alert.isAboutCertificate || (alert == .handshakeFailure && settings.clientCertificate == nil))
    }

    private func use(_ own: ClientCertificate, in context: OpaquePointer) {
        do throws(ClientCertificate.Unusable) { try own.use(in: context) } catch {
            ownFault = ExchangeFailure(kind: .credentialUnreadable, phase: .tls, sentence: error.sentence)
        }
    }

    private func verify(_ store: OpaquePointer) -> Bool {
        let presented = X509_STORE_CTX_get0_untrusted(store)
        let count = Int(agent_chain_count(presented))
        let certificates = (0..<min(count, settings.chainBound)).compactMap { agent_chain_at(presented, Int32($0)) }
        let date = settings.verificationDate ?? Date()
        // With revocation lists, a verdict does not hold as long as the certificates; for a stapled response, the issuer must be known.
        let isKept = !trust.checksRevocation && !settings.asksForStatus
        if count <= settings.chainBound, isKept, let known = trust.verdicts.known(certificates, hostname, at: date) {
            seen = known.report
            return true
        }
        read(certificates)
        if let chainLevel { X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(store), chainLevel) }
        if let date = settings.verificationDate { X509_STORE_CTX_set_time(store, 0, time_t(date.timeIntervalSince1970)) }
        let (verdict, verified) =
            count > settings.chainBound
            ? (.tooLong(count, accepted: settings.chainBound, seen.leaf), [])
            : ChainJudge(hostname: hostname, leaf: seen.leaf, date: date, checksRevocation: trust.checksRevocation).judge(store)
        seen.verdict = verdict
        if verdict.fault == nil {
            X509_STORE_CTX_set_error(store, X509_V_OK)
            for index in seen.chain.indices {
                let certificate = certificates[seen.chain[index].depth]
                seen.chain[index].isVerified = verified.contains { X509_cmp($0, certificate) == 0 }
            }
            if isKept { trust.verdicts.keep(certificates, hostname, seen, until: Self.validity(of: verified)) }
            return true
        }
        guard settings.verifies else {
            X509_STORE_CTX_set_error(store, X509_V_OK)
            return true
        }
        X509_STORE_CTX_set_error(store, Int32(verdict.code))
        return false
    }

    private func read(_ certificates: [OpaquePointer]) {
        seen = TLSReport()
        for (depth, certificate) in certificates.enumerated() {
            if let facts = CertificateFacts(certificate) {
                seen.chain.append(PresentedCertificate(depth: depth, facts: facts))
            } else {
                seen.unreadable.append(depth)
            }
        }
    }

    /// The period in which all certificates of the chain are valid, nil if there is none. OpenSSL takes notAfter itself for expired.
    private static func validity(of chain: [OpaquePointer]) -> Range<Date>? {
        let facts = chain.compactMap { CertificateFacts($0) }
        guard let from = facts.map(\.notBefore).max(), let to = facts.map(\.notAfter).min(), from <= to else { return nil }
        return from..<to
    }
}
