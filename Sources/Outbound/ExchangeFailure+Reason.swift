package import Certificates
package import Probing
package import Transfers

extension ExchangeFailure {
    /// The stage at which the run fails.
    /// - Parameter application: the stage that request and response belong to.
    package func stage(application: Stage) -> Stage { phase.stage(application: application) }

    /// The reason for which the run fails.
    /// - Parameter tls: the TLS report of the same exchange, whose verdict says why a certificate was rejected.
    package func reason(_ tls: TLSReport?) -> Reason {
        switch kind {
        case .nameNotResolved: .dnsFailed
        case .refused: .connectRefused
        case .connectTimeout: .connectTimeout
        case .unreachable: .networkUnreachable
        case .reset: .connectionReset
        case .timeout: .timeout
        // The run was cancelled at its timeout: what it was waiting for timed out.
        case .cancelled: phase == .connect ? .connectTimeout : .timeout
        case .handshakeFailed: .tlsHandshakeFailed
        case .clientCertificateRequired: .clientCertificateRequired
        case .credentialUnreadable: .credentialUnreadable
        case .certificateRejected: tls?.verdict?.fault?.reason ?? .certificateUntrusted
        case .bodyTooLarge, .bodyExpands, .headersTooLarge: .httpTooLarge
        case .tooManyRedirects: .httpRedirect
        case .protocolViolation, .flood: .httpMalformed
        case .startTLSMissing: .startTLSMissing
        case .loginRefused: .loginRefused
        case .kerberosFailed: .kerberosFailed
        case .commandRefused: .mailRefused
        case .notMail: .mailMalformed
        case .dialogueUnexpected: .answerUnexpected
        case .proxyRefused: .proxyRefused
        case .proxyAuthentication: .proxyAuthentication
        case .invalidRequest: .configIncomplete
        case .forbidden: .targetForbidden
        case .localResources, .notPermitted: .systemRefused
        }
    }

    /// `unknown` if the failure says nothing about the peer, because the request could not be made.
    package var severity: Finding.Severity {
        switch kind {
        case .credentialUnreadable, .forbidden, .invalidRequest, .kerberosFailed, .localResources, .notPermitted: .unknown
        default: .failure
        }
    }

    /// The certificate that caused the failure; nil if it is not about one.
    package func certificate(_ tls: TLSReport?) -> Thumbprint? {
        kind == .certificateRejected ? tls?.verdict?.certificate?.thumbprint : nil
    }
}

extension ExchangePhase {
    /// The stage that the phase is reported as.
    /// - Parameter application: the stage that request and response belong to.
    package func stage(application: Stage) -> Stage {
        switch self {
        case .resolve: .resolve
        case .connect: .connect
        case .tls: .tls
        case .processing, .transfer: application
        }
    }

    /// The phase in the HTTP metrics.
    package var httpPhase: Observation.HTTPPhase {
        switch self {
        case .resolve: .resolve
        case .connect: .connect
        case .tls: .tls
        case .processing: .processing
        case .transfer: .transfer
        }
    }
}

extension ChainVerdict.Fault {
    package var reason: Reason {
        switch self {
        case .expired: .certificateExpired
        case .notYetValid: .certificateNotYetValid
        case .nameMismatch: .certificateNameMismatch
        case .revoked: .certificateRevoked
        case .keyTooSmall: .keyTooSmall
        case .signatureWeak: .signatureWeak
        case .unreadable: .certificateUnreadable
        case .revocationListStale: .crlStale
        case .revocationListMissing: .crlMissing
        case .untrusted, .chainTooLong: .certificateUntrusted
        }
    }
}

/// The reasons that connections of any kind may fail for, for the guides of kinds.
extension [Reason] {
    package static let connection: [Reason] = [
        .systemRefused, .connectRefused, .connectTimeout, .networkUnreachable, .connectionReset, .timeout,
    ]
    package static let proxy: [Reason] = [.proxyRefused, .proxyAuthentication]
    package static let tls: [Reason] =
        [.tlsHandshakeFailed, .clientCertificateRequired, .credentialUnreadable, .renegotiationInsecure]
        + ChainVerdict.Fault.allCases.filter { $0 != .chainTooLong }.map(\.reason)
    /// Of an HTTP exchange, whatever its body is for.
    package static let http: [Reason] = [.httpStatus, .httpRedirect, .httpTooLarge, .httpMalformed]
}
