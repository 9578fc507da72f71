import Certificates
import ExchangeExport
import FoundationEssentials
import Outbound
import Probing

struct CertificatePresenceProbe: Probe {
    static let stages: [Stage] = [.config, .certificate]

    let place: Place
    /// Nil if none could be read.
    let snapshot: ExchangeSnapshot?

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        guard let snapshot, let name = place.server?.name else { return log.finished(Self.stages) }
        guard let server = snapshot.server(named: name) else {
            log.find(unknown("\(name) is not in the snapshot"))
            return log.finished(Self.stages)
        }
        guard server.isReachable, let certificates = server.certificates else {
            log.find(unknown("\(name) did not answer when the snapshot was collected\(server.error.map { ": \($0.prefix(200))" } ?? "")"))
            return log.finished(Self.stages)
        }
        if snapshot.authConfig == nil {
            log.find(unknown("Get-AuthConfig is not in the snapshot: which certificate \(name) must have is not known"))
        } else {
            log.stage(.config, .passed, "certificates on \(name): \(certificates.count)")
        }
        for (slot, thumbprint) in [("current", snapshot.authConfig?.current), ("next", snapshot.authConfig?.next)] {
            guard let thumbprint else { continue }
            let isUrgent = slot == "current" || snapshot.authConfig?.nextEffectiveDate.map { $0 <= context.date } ?? false
            if let finding = finding(thumbprint, slot, isUrgent: isUrgent, among: certificates, of: name) { log.find(finding) }
        }
        for finding in services(certificates, of: server, at: context.date) { log.find(finding) }
        let connectors = ConnectorCertificates(snapshot: snapshot, server: server, thresholds: place.organization.thresholds)
        for finding in connectors.findings(at: context.date) { log.find(finding) }
        if snapshot.connectors == nil { log.leaveOut("certificates of connectors: the snapshot has no connectors") }
        if certificates.allSatisfy({ $0.services == nil }) { log.leaveOut("certificates for IIS and SMTP: the snapshot has no services") }
        log.stage(.certificate, .passed, "all that \(name) needs")
        return log.finished(Self.stages)
    }

    var turns: [Date] {
        let certificates = place.server.flatMap { snapshot?.server(named: $0.name)?.certificates } ?? []
        return certificates.flatMap { [$0.notBefore, $0.notAfter, ConnectorCertificates.warning(of: $0, place.organization.thresholds)] }
            + [snapshot?.authConfig?.nextEffectiveDate].compactMap(\.self)
    }

    private func finding(
        _ thumbprint: Thumbprint, _ slot: String, isUrgent: Bool, among certificates: [ExchangeSnapshot.Certificate], of name: String
    ) -> Finding? {
        let severity: Finding.Severity = isUrgent ? .failure : .warning
        guard let held = certificates.first(where: { $0.thumbprint.value == thumbprint }) else {
            return Finding(
                severity, stage: .certificate, reason: .certificateMissing,
                sentence: "\(name) does not have AuthConfig's \(slot) certificate \(thumbprint)", certificate: thumbprint)
        }
        guard let hasPrivateKey = held.hasPrivateKey else {
            return unknown("whether \(name) has the private key of \(thumbprint) is not in the snapshot")
        }
        guard !hasPrivateKey else { return nil }
        return Finding(
            severity, stage: .certificate, reason: .privateKeyMissing,
            sentence: "\(name) has AuthConfig's \(slot) certificate \(thumbprint) without its private key", certificate: thumbprint)
    }

    private func services(_ certificates: [ExchangeSnapshot.Certificate], of server: ExchangeSnapshot.Server, at date: Date) -> [Finding] {
        var findings: [Finding] = []
        // A snapshot without services says nothing of them.
        let isKnown = certificates.contains { $0.services != nil }
        for service in isKnown ? ["IIS", "SMTP"] : [] {
            let enabled = certificates.filter { $0.services?.contains { $0.lowercased() == service.lowercased() } == true }
            guard !enabled.contains(where: { $0.problem(at: date) == nil }) else { continue }
            let why = enabled.map { "\($0.thumbprint.value?.description ?? "") \($0.problem(at: date) ?? "")" }.joined(separator: ", ")
            findings.append(
                Finding(
                    .failure, stage: .certificate, reason: .serviceWithoutCertificate,
                    sentence: "\(service) on \(server.name): "
                        + (enabled.isEmpty ? "no certificate is enabled for it" : "no certificate for it is usable: \(why)")))
        }
        guard let transport = server.internalTransportThumbprint?.value else { return findings }
        let what = "the internal transport certificate \(transport) of \(server.name)"
        guard let held = certificates.first(where: { $0.thumbprint.value == transport }) else {
            findings.append(
                Finding(
                    .failure, stage: .certificate, reason: .serviceWithoutCertificate,
                    sentence: "\(what) is not among its certificates: mail between servers is not encrypted, or stops",
                    certificate: transport))
            return findings
        }
        if let problem = held.problem(at: date) {
            findings.append(
                Finding(
                    .failure, stage: .certificate, reason: .serviceWithoutCertificate, sentence: "\(what) \(problem)",
                    certificate: transport))
        }
        return findings
    }

    private func unknown(_ sentence: String) -> Finding {
        Finding(
            .unknown, stage: .config, reason: .snapshotIncomplete, sentence: sentence, cause: place.watcher(ExchangeSnapshotKind.self))
    }
}

extension ExchangeSnapshot.Certificate {
    /// Why a service cannot use it, as a clause; nil if it can.
    func problem(at date: Date) -> String? {
        if notAfter <= date { return "expired on \(notAfter.formatted(.iso8601))" }
        if date < notBefore { return "is not valid before \(notBefore.formatted(.iso8601))" }
        return hasPrivateKey == false ? "has no private key" : nil
    }
}
