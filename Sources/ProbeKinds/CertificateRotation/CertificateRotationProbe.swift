import Certificates
import ExchangeExport
import FoundationEssentials
import Outbound
import Probing

struct CertificateRotationProbe: Probe {
    static let stages: [Stage] = [.config, .certificate]
    /// How long after its effective date a next certificate may still be waiting: Exchange looks about every twelve hours.
    private static let gracePeriod: TimeInterval = 86400

    let place: Place
    /// Nil if none could be read.
    let snapshot: ExchangeSnapshot?

    private typealias Certificate = ExchangeSnapshot.Certificate

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        guard let snapshot else { return log.finished(Self.stages) }
        guard let authConfig = snapshot.authConfig else {
            log.find(unknown("Get-AuthConfig is not in the snapshot: the current certificate is not known", at: .config))
            return log.finished(Self.stages)
        }
        guard let current = authConfig.current else {
            log.find(
                Finding(.failure, stage: .config, reason: .certificateMissing, sentence: "AuthConfig names no current certificate"))
            return log.finished(Self.stages)
        }
        log.stage(.config, .passed, "current \(current), next \(authConfig.next?.description ?? "none")")
        log.observe(observations(authConfig, in: snapshot))
        guard let held = snapshot.certificate(current) else {
            log.find(absent(current, "current", in: snapshot))
            return log.finished(Self.stages)
        }
        if let next = authConfig.next {
            for finding in judge(next, after: current, held, authConfig, in: snapshot, at: context.date) { log.find(finding) }
        } else if let finding = unstaged(current, held, at: context.date) {
            log.find(finding)
        }
        log.sample(held.notAfter.timeIntervalSince(context.date) / 86400)
        log.stage(.certificate, .passed, "\(current) expires \(held.notAfter.formatted(.iso8601))")
        return log.finished(Self.stages)
    }

    func turns(with validity: Validity) -> [Date] {
        let thresholds = place.organization.thresholds
        let warning = thresholds.warning(lifetime: validity.lifetime).seconds
        return [
            validity.begin, validity.end, validity.end.addingTimeInterval(-warning), validity.end.addingTimeInterval(-2 * warning),
            validity.end.addingTimeInterval(-thresholds.failure(lifetime: validity.lifetime).seconds),
        ]
    }

    var turns: [Date] {
        snapshot?.authConfig?.nextEffectiveDate.map { [$0, $0.addingTimeInterval(Self.gracePeriod)] } ?? []
    }

    private func judge(
        _ next: Thumbprint, after current: Thumbprint, _ held: Certificate, _ authConfig: ExchangeSnapshot.AuthConfig,
        in snapshot: ExchangeSnapshot, at date: Date
    ) -> [Finding] {
        guard next != current else {
            return [failure(.rotationSameCertificate, "AuthConfig names \(next) as its current and as its next certificate", next)]
        }
        var findings: [Finding] = []
        let staged = snapshot.certificate(next)
        if staged == nil { findings.append(absent(next, "next", in: snapshot)) }
        guard let effective = authConfig.nextEffectiveDate else {
            findings.append(failure(.rotationTooLate, "AuthConfig names the next certificate \(next) without an effective date", next))
            return findings
        }
        let day = effective.formatted(.iso8601)
        if effective <= date {
            let isOverdue = date.timeIntervalSince(effective) > Self.gracePeriod
            findings.append(
                Finding(
                    isOverdue ? .failure : .warning, stage: .certificate, reason: .rotationOverdue,
                    sentence: "the next certificate \(next) was to take effect at \(day), but \(current) is still the current one",
                    certificate: next))
        } else if effective > held.notAfter {
            findings.append(
                failure(
                    .rotationTooLate,
                    "the next certificate \(next) takes effect at \(day), after the current one expires (\(held.notAfter.formatted(.iso8601)))",
                    next))
        }
        if let staged, isNearEnd(held, at: date), left(staged, at: date) < warning(staged) * 2 {
            findings.append(
                Finding(
                    .warning, stage: .certificate, reason: .certificateExpiresSoon,
                    sentence:
                        "the next certificate \(next) expires soon itself (\(staged.notAfter.formatted(.iso8601))): stage a newer one",
                    certificate: next))
        } else if let staged, staged.notAfter < held.notAfter {
            findings.append(
                Finding(
                    .warning, stage: .certificate, reason: .rotationEndsEarlier,
                    sentence:
                        "the next certificate \(next) expires at \(staged.notAfter.formatted(.iso8601)), before the current one (\(held.notAfter.formatted(.iso8601)))",
                    certificate: next))
        }
        return findings
    }

    /// The finding for a current certificate near its end without a next one; nil if it lasts.
    private func unstaged(_ current: Thumbprint, _ held: Certificate, at date: Date) -> Finding? {
        guard isNearEnd(held, at: date) else { return nil }
        let isExpired = held.notAfter <= date
        let isVeryNear = left(held, at: date) < place.organization.thresholds.failure(lifetime: lifetime(held))
        return Finding(
            isVeryNear ? .failure : .warning, stage: .certificate, reason: .rotationMissing,
            sentence:
                "the current certificate \(current) \(isExpired ? "expired" : "expires") at \(held.notAfter.formatted(.iso8601)), and no next one is staged",
            // Once it has expired, that is the problem: staging a next one no longer helps.
            cause: isExpired ? place.watcher(CertificateExpiryKind.self) : nil, certificate: current)
    }

    private func isNearEnd(_ certificate: Certificate, at date: Date) -> Bool { left(certificate, at: date) < warning(certificate) }

    private func warning(_ certificate: Certificate) -> Duration {
        place.organization.thresholds.warning(lifetime: lifetime(certificate))
    }

    private func lifetime(_ certificate: Certificate) -> Duration {
        .seconds(certificate.notAfter.timeIntervalSince(certificate.notBefore))
    }

    private func left(_ certificate: Certificate, at date: Date) -> Duration {
        .seconds(certificate.notAfter.timeIntervalSince(date))
    }

    /// The finding for a certificate that no server that answered has.
    private func absent(_ thumbprint: Thumbprint, _ slot: String, in snapshot: ExchangeSnapshot) -> Finding {
        let silent = snapshot.servers.filter { !$0.isReachable }.map(\.name)
        let answered = snapshot.servers.filter { $0.certificates != nil }.count
        guard silent.isEmpty, answered > 0 else {
            return unknown(
                "no server that answered has the \(slot) certificate \(thumbprint)"
                    + (silent.isEmpty ? "" : "; \(silent.joined(separator: ", ")) did not answer"))
        }
        return failure(.certificateMissing, "no server has the \(slot) certificate \(thumbprint) that AuthConfig names", thumbprint)
    }

    private func observations(_ authConfig: ExchangeSnapshot.AuthConfig, in snapshot: ExchangeSnapshot) -> [Observation] {
        [(authConfig.current, OAuthCertificate.Slot.current), (authConfig.next, .next)].compactMap { thumbprint, slot in
            guard let facts = thumbprint.flatMap({ snapshot.certificate($0) })?.facts else { return nil }
            return .oauthCertificate(
                OAuthCertificate(server: "", source: .snapshot, slot: slot, facts: facts, lastSeen: snapshot.collectedAt))
        }
    }

    private func failure(_ reason: Reason, _ sentence: String, _ thumbprint: Thumbprint) -> Finding {
        Finding(.failure, stage: .certificate, reason: reason, sentence: sentence, certificate: thumbprint)
    }

    private func unknown(_ sentence: String, at stage: Stage = .certificate) -> Finding {
        Finding(
            .unknown, stage: stage, reason: .snapshotIncomplete, sentence: sentence, cause: place.watcher(ExchangeSnapshotKind.self))
    }
}

extension ExchangeSnapshot.Certificate {
    /// Read from the DER; nil if the snapshot does not contain it, or if it is not a certificate.
    var facts: CertificateFacts? {
        certificate.flatMap { Data(base64Encoded: $0) }.flatMap { try? CertificateFacts.read(pemOrDER: Array($0)) }
    }
}
