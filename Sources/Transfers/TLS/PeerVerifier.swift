import Addresses
import CCurl
import Certificates
import FoundationEssentials

/// Verifies what a peer presents, inside the handshake, and keeps it whatever the verdict.
///
/// A verdict against the peer fails the handshake itself: no request is ever sent to it, unless the settings say otherwise.
final class PeerVerifier {
    /// The chain and the verdict on it, once the peer has presented one.
    private var seen = TLSReport()
    /// Why the handshake cannot even begin: a client certificate that cannot be used.
    private(set) var ownFault: ExchangeFailure?
    private let hostname: String
    private let settings: TLSSettings
    private let trust: TrustStore
    private let events: SessionEvents
    /// The level that keys and signatures of the peer's chain must reach, where that of the session had to be lowered.
    private var chainLevel: Int32?

    /// - Parameter host: the host the connection is for; the settings may name another.
    init(host: String, settings: TLSSettings, trust: TrustStore) {
        hostname = settings.name(for: host)
        self.settings = settings
        self.trust = trust
        // An address is no name to ask for.
        events = SessionEvents(askedName: settings.serverName.map { NetworkAddress($0) == nil ? settings.name(for: $0) : "" })
    }

    /// What the handshake has shown so far.
    var report: TLSReport {
        var report = seen
        report.asksForCertificate = events.asksForCertificate
        return report
    }

    /// Prepares a context for one connection. The verifier outlives the session's handshake.
    func attach(to context: OpaquePointer) {
        SSL_CTX_set1_cert_store(context, trust.store)
        agent_ssl_set_max_cert_list(context, TLSSettings.chainBytes)
        // As Go does: the server alone is open to the attack of RFC 5746, and who watches it is told.
        agent_ssl_allow_legacy_server(context)
        events.attach(to: context)
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

    /// The failure that the verdict or the peer's alert means, of a session that did not stand or was broken off; nil where neither says why.
    /// - Parameter peer: whom the connection is with, for sentences.
    func failure(with peer: String) -> ExchangeFailure? {
        if settings.verifies, let verdict = seen.verdict, verdict.fault != nil {
            return ExchangeFailure(kind: .certificateRejected, phase: .tls, sentence: verdict.sentence, detail: verdict.detail)
        }
        guard let alert = events.alert else { return nil }
        let detail = "TLS alert \(alert)"
        guard isAboutOwnCertificate(alert) else {
            return ExchangeFailure(kind: .handshakeFailed, phase: .tls, sentence: "\(peer) refused the TLS session", detail: detail)
        }
        let sentence =
            settings.clientCertificate.map { "\(peer) refused the client certificate \($0.certificateFile)" }
            ?? "\(peer) requires a client certificate, and none is configured"
        return ExchangeFailure(kind: .clientCertificateRequired, phase: .tls, sentence: sentence, detail: detail)
    }

    private func isAboutOwnCertificate(_ alert: TLSAlert) -> Bool {
        if alert == .certificateRequired { return true }
        // Before TLS 1.3 there is no alert of its own for a certificate that was not sent.
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
        if count <= settings.chainBound, let known = trust.verdicts.known(certificates, hostname, at: date) {
            seen = known.report
            return true
        }
        read(certificates)
        if let chainLevel { X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(store), chainLevel) }
        if let date = settings.verificationDate { X509_STORE_CTX_set_time(store, 0, time_t(date.timeIntervalSince1970)) }
        let verdict =
            count > settings.chainBound ? .tooLong(count, accepted: settings.chainBound, seen.leaf) : judge(store, at: date)
        seen.verdict = verdict
        if verdict.fault == nil {
            let verified = Self.verified(by: store)
            for index in seen.chain.indices {
                let certificate = certificates[seen.chain[index].depth]
                seen.chain[index].isVerified = verified.contains { X509_cmp($0, certificate) == 0 }
            }
            trust.verdicts.keep(certificates, hostname, seen, until: Self.validity(of: verified))
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

    private func judge(_ store: OpaquePointer, at date: Date) -> ChainVerdict {
        guard X509_verify_cert(store) == 1 else {
            let faulty = X509_STORE_CTX_get_current_cert(store)
            let facts = faulty.flatMap { CertificateFacts($0) }
            let code = X509_STORE_CTX_get_error(store)
            return faulty != nil && facts == nil
                ? .unreadable(code) : ChainVerdict(code: code, faulty: facts, leaf: seen.leaf, at: date)
        }
        guard let leaf = X509_STORE_CTX_get0_cert(store), isValidForName(leaf) else {
            return .nameMismatch(seen.leaf, asked: hostname)
        }
        var verdict = ChainVerdict(fault: nil)
        verdict.lastExpiry = VerifiedPaths(store, at: date).lastExpiry
        return verdict
    }

    /// An address matches the certificate's addresses alone, a name its DNS names alone: the subject's common name never counts.
    private func isValidForName(_ leaf: OpaquePointer) -> Bool {
        if let address = NetworkAddress(hostname) { return X509_check_ip(leaf, address.bytes, address.bytes.count, 0) == 1 }
        // OpenSSL reads a dot at the beginning as "any name below".
        guard !hostname.isEmpty, !hostname.hasPrefix(".") else { return false }
        let flags = UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
        return X509_check_host(leaf, hostname, hostname.utf8.count, flags, nil) == 1
    }

    private static func verified(by store: OpaquePointer) -> [OpaquePointer] {
        let chain = X509_STORE_CTX_get0_chain(store)
        return (0..<agent_chain_count(chain)).compactMap { agent_chain_at(chain, $0) }
    }

    /// When a chain is valid in all its parts.
    private static func validity(of chain: [OpaquePointer]) -> ClosedRange<Date>? {
        let facts = chain.compactMap { CertificateFacts($0) }
        guard let from = facts.map(\.notBefore).max(), let to = facts.map(\.notAfter).min(), from <= to else { return nil }
        return from...to
    }
}
