import CCurl
import Certificates
import FoundationEssentials

@testable import Transfers

/// A chain that is judged as in a handshake with a TLS server, but without one.
enum ChainTrial {
    /// - Parameter presented: OpenSSL's certificates, the peer's own first.
    static func verdict(
        on presented: [OpaquePointer], for hostname: String, trusting trust: TrustStore, at date: Date
    ) -> ChainVerdict? {
        guard let context = X509_STORE_CTX_new(), let chain = agent_chain_new(), let session = SSL_CTX_new(TLS_client_method()) else {
            return nil
        }
        defer {
            X509_STORE_CTX_free(context)
            agent_chain_drop(chain)
            SSL_CTX_free(session)
            ERR_clear_error()
        }
        for certificate in presented { agent_chain_add(chain, certificate) }
        guard let leaf = presented.first, X509_STORE_CTX_init(context, trust.store, leaf, chain) == 1,
            X509_STORE_CTX_set_default(context, "ssl_server") == 1
        else { return nil }
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context), SSL_CTX_get_security_level(session))
        X509_STORE_CTX_set_time(context, 0, time_t(date.timeIntervalSince1970))
        return ChainJudge(hostname: hostname, leaf: CertificateFacts(leaf), date: date, checksRevocation: trust.checksRevocation).judge(
            context
        ).verdict
    }
}
