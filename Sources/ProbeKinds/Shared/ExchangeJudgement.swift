import Certificates
import FoundationEssentials
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
        if failure.kind == .certificateRejected { return certificateFinding(stage: stage, failure) }
        return Finding(
            .failure, stage: stage, reason: Self.reason(failure), sentence: "\(peer): \(failure.sentence)", exception: failure.detail)
    }

    /// Records the stages the exchange went through, with their times; the application stage is left to the caller.
    func record(in log: inout StageLog) {
        let failedPhase = report.failure?.phase
        for phase in [ExchangePhase.resolve, .connect, .tls] {
            let stage = stage(of: phase)
            if phase == failedPhase { return log.stage(stage, .failed, took: report.phases[phase] ?? .zero) }
            guard let duration = report.phases[phase] else { continue }
            log.stage(stage, .passed, took: duration, detail(of: phase))
        }
    }

    /// The presented chain, as observations of the TLS stage.
    var peerCertificates: [Observation] {
        report.chain.enumerated().map { .peerCertificate(stage: stage(of: .tls), depth: $0.offset, $0.element) }
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
        case .tls: [report.tls?.version, report.chain.first?.subject].compactMap(\.self).joined(separator: ", ")
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

    private func certificateFinding(stage: Stage, _ failure: ExchangeFailure) -> Finding {
        let leaf = report.chain.first
        let subject = leaf.map { "TLS certificate \($0.subject)" } ?? "TLS certificate"
        let (reason, clause): (Reason, String) =
            switch report.verdict?.fault {
            case .expired: (.certificateExpired, at(leaf?.notAfter) { "\(subject) ended on \($0)" })
            case .notYetValid: (.certificateNotYetValid, at(leaf?.notBefore) { "\(subject) begins on \($0)" })
            case .nameMismatch: (.certificateNameMismatch, names(leaf))
            case .revoked: (.certificateRevoked, "\(subject) was revoked")
            case .untrusted, .chainTooLong, nil:
                (.certificateUntrusted, "\(subject), issued by \(leaf?.issuer ?? "nobody known"), is not trusted")
            }
        return Finding(
            .failure, stage: stage, reason: reason, sentence: "\(peer): \(clause)", exception: report.verdict?.sentence ?? failure.detail,
            certificate: leaf?.thumbprint)
    }

    private func names(_ leaf: CertificateFacts?) -> String {
        let names = leaf?.names ?? []
        let list = names.isEmpty ? "no name at all in its subject alternative name" : names.prefix(10).joined(separator: ", ")
        return "the TLS certificate bears \(list)" + (nameAdvice.map { "; \($0)" } ?? "")
    }

    private func at(_ date: Date?, _ sentence: (String) -> String) -> String { sentence(date?.formatted(.iso8601) ?? "an unknown date") }

    private static func reason(_ failure: ExchangeFailure) -> Reason {
        switch failure.kind {
        case .nameNotResolved: .dnsFailed
        case .refused: .connectRefused
        case .connectTimeout: .connectTimeout
        case .unreachable: .networkUnreachable
        case .reset: .connectionReset
        case .timeout, .cancelled: .timeout
        case .handshakeFailed: .tlsHandshakeFailed
        case .certificateRejected: .certificateUntrusted
        case .bodyTooLarge, .headersTooLarge: .httpTooLarge
        case .tooManyRedirects: .httpRedirect
        case .protocolViolation: .httpMalformed
        case .proxyRefused: .proxyRefused
        case .proxyAuthentication: .proxyAuthentication
        case .invalidRequest: .configIncomplete
        case .forbidden: .targetForbidden
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
