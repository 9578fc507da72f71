import Certificates
import Outbound
import Probing
import Transfers

/// Converts the network and TLS part of an exchange to stages and findings.
struct ExchangeJudgement {
    let report: ExchangeReport
    /// The name of the peer in sentences: `mbx01.fabrikam.com`, `the auth server`.
    let peer: String
    /// The stage that request and response belong to once the connection is established.
    let application: Stage
    /// The stage that resolve, connect and TLS are reported as; nil reports each as its own stage.
    var allAs: Stage?
    /// The advice appended to a name mismatch; nil for hosts whose name cannot be configured.
    var nameAdvice: String?

    /// The finding of a failed exchange; nil if a complete response was received.
    var finding: Finding? {
        guard let failure = report.failure else { return nil }
        let reason = failure.reason(report.tls)
        let advice = reason == .certificateNameMismatch ? nameAdvice.map { "; \($0)" } ?? "" : ""
        return Finding(
            failure.severity, stage: stage(of: failure.phase), reason: reason, sentence: "\(peer): \(failure.sentence)\(advice)",
            exception: failure.detail, certificate: failure.certificate(report.tls))
    }

    /// Warnings about the peer's TLS, for an established session.
    var warnings: [Finding] { report.tls?.warnings(at: stage(of: .tls), of: peer) ?? [] }

    /// Records the connection stages with their durations; the caller records the application stage.
    func record(in log: inout RunRecorder) {
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

    /// The presented certificates, as observations of the TLS stage.
    var peerCertificates: [Observation] { report.tls?.certificates(at: stage(of: .tls)) ?? [] }

    var phases: Observation {
        var phases = Observation.HTTPPhases()
        for (phase, duration) in report.phases { phases[phase.httpPhase] = duration }
        return .httpPhases(phases)
    }

    /// Duration of request and response, without the connection.
    var applicationTime: Duration { (report.phases[.processing] ?? .zero) + (report.phases[.transfer] ?? .zero) }

    private func detail(of phase: ExchangePhase) -> String {
        switch phase {
        case .connect: report.remoteAddress ?? ""
        case .tls: [report.tls?.version, report.tls?.leaf?.subject].compactMap(\.self).joined(separator: ", ")
        default: ""
        }
    }

    private func stage(of phase: ExchangePhase) -> Stage {
        let stage = phase.stage(application: application)
        return stage == application ? application : allAs ?? stage
    }
}
