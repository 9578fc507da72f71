import Certificates
import HealthManager
import Transfers

/// What an exchange says of the network and of TLS, in the words of stages, reasons and findings.
struct ExchangeJudgement {
    let report: ExchangeReport
    /// What was asked, for sentences: `mbx01.fabrikam.com`, `the auth server`.
    let peer: String
    /// The stage that the request and its answer belong to, when the connection stood.
    let application: Stage
    /// The stage that resolve, connect and TLS are told as; nil tells each as its own.
    var allAs: Stage?
    /// What to say after a name mismatch; nil for hosts whose name is not ours to choose.
    var nameAdvice: String?

    /// The finding of a failed exchange; nil when a whole answer arrived.
    var finding: Finding? {
        guard let failure = report.failure else { return nil }
        let stage = stage(of: failure.phase)
        let verdict = failure.kind == .certificateRejected ? report.verdict : nil
        let advice = verdict?.fault == .nameMismatch ? nameAdvice.map { "; \($0)" } ?? "" : ""
        return Finding(
            [.credentialUnreadable, .localResources].contains(failure.kind) ? .unknown : .failure, stage: stage,
            reason: verdict?.fault.map(Self.reason) ?? Self.reason(failure), sentence: "\(peer): \(failure.sentence)\(advice)",
            exception: failure.detail, certificate: verdict?.certificate?.thumbprint)
    }

    /// What is wrong with the peer's TLS although the session stood.
    var warnings: [Finding] {
        guard let tls = report.tls else { return [] }
        var warnings = tls.unreadable.map { depth in
            Finding(
                .warning, stage: stage(of: .tls), reason: .certificateUnreadable,
                sentence: "\(peer): the certificate presented at depth \(depth) cannot be read")
        }
        if tls.lacksSecureRenegotiation {
            warnings.append(
                Finding(
                    .warning, stage: stage(of: .tls), reason: .renegotiationInsecure,
                    sentence: "\(peer): no support for secure renegotiation (RFC 5746)"))
        }
        return warnings
    }

    /// Records the stages the exchange went through, with their times; the application stage is left to the caller.
    func record(in log: inout StageLog) {
        let failedPhase = report.failure?.phase
        for phase in [ExchangePhase.resolve, .connect, .tls] {
            let stage = stage(of: phase)
            if phase == failedPhase {
                return log.stage(stage, finding?.severity == .unknown ? .notObserved : .failed, took: report.phases[phase] ?? .zero)
            }
            guard let duration = report.phases[phase] else { continue }
            log.stage(stage, .passed, took: duration, detail(of: phase))
        }
    }

    /// The presented chain, as observations of the TLS stage.
    var peerCertificates: [Observation] {
        report.chain.map { .peerCertificate(stage: stage(of: .tls), depth: $0.depth, isVerified: $0.isVerified, $0.facts) }
    }

    var phases: Observation {
        var phases = Observation.HTTPPhases()
        for (phase, duration) in report.phases { phases[Self.httpPhase(phase)] = duration }
        return .httpPhases(phases)
    }

    /// Time of request and answer, without the connection.
    var applicationTime: Duration { (report.phases[.processing] ?? .zero) + (report.phases[.transfer] ?? .zero) }

    private func detail(of phase: ExchangePhase) -> String {
        switch phase {
        case .connect: report.remoteAddress ?? ""
        case .tls: [report.tls?.version, report.tls?.leaf?.subject].compactMap(\.self).joined(separator: ", ")
        default: ""
        }
    }

    private func stage(of phase: ExchangePhase) -> Stage {
        switch phase {
        case .resolve: allAs ?? .resolve
        case .connect: allAs ?? .connect
        case .tls: allAs ?? .tls
        case .processing, .transfer: application
        }
    }

    private static func reason(_ fault: ChainVerdict.Fault) -> Reason {
        switch fault {
        case .expired: .certificateExpired
        case .notYetValid: .certificateNotYetValid
        case .nameMismatch: .certificateNameMismatch
        case .revoked: .certificateRevoked
        case .keyTooSmall: .keyTooSmall
        case .signatureWeak: .signatureWeak
        case .unreadable: .certificateUnreadable
        case .untrusted, .chainTooLong: .certificateUntrusted
        }
    }

    private static func reason(_ failure: ExchangeFailure) -> Reason {
        switch failure.kind {
        case .nameNotResolved: .dnsFailed
        case .refused: .connectRefused
        case .connectTimeout: .connectTimeout
        case .unreachable: .networkUnreachable
        case .reset: .connectionReset
        case .timeout: .timeout
        // The run was over: what it then waited for ran out of time.
        case .cancelled: failure.phase == .connect ? .connectTimeout : .timeout
        case .handshakeFailed: .tlsHandshakeFailed
        case .clientCertificateRequired: .clientCertificateRequired
        case .credentialUnreadable: .credentialUnreadable
        case .certificateRejected: .certificateUntrusted
        case .bodyTooLarge, .bodyExpands, .headersTooLarge: .httpTooLarge
        case .tooManyRedirects: .httpRedirect
        case .protocolViolation, .flood: .httpMalformed
        case .proxyRefused: .proxyRefused
        case .proxyAuthentication: .proxyAuthentication
        case .invalidRequest: .configIncomplete
        case .forbidden: .targetForbidden
        case .localResources: .systemRefused
        }
    }

    private static func httpPhase(_ phase: ExchangePhase) -> Observation.HTTPPhase {
        switch phase {
        case .resolve: .resolve
        case .connect: .connect
        case .tls: .tls
        case .processing: .processing
        case .transfer: .transfer
        }
    }
}
