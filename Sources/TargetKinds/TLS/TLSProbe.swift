import Certificates
import FoundationEssentials
import Probing
import Transfers

struct TLSProbe: TargetProbe {
    let target: Target
    let options: TLSProbeOptions
    let services: TargetServices

    func check(_ run: inout TargetRun, _ facts: inout NoFacts) async {
        guard let session = await run.handshake(options.server) else { return }
        guard let leaf = session.leaf else {
            // Without it, nothing can be compared, whatever else was presented.
            return run.fail(.tls, .certificateUnreadable, "the server's own certificate cannot be parsed")
        }
        SessionMetrics.measurements(session, leaf, at: run.date).forEach { run.observe(.measurement($0)) }
        checkPins(session.chain, &run)
        checkLifetime(leaf, &run)
        if let finding = checkStaple(session.stapled, of: leaf, at: run.day == nil ? run.date : Date()) { run.find(finding) }
        if let source = options.revocation { await checkRevocation(session, source, &run) }
    }

    /// One of the pins must be of the leaf, or of a certificate of the verified chain.
    private func checkPins(_ chain: [PresentedCertificate], _ run: inout TargetRun) {
        guard !options.pins.isEmpty, let leaf = chain.first else { return }
        let pinnable = chain.filter { $0.depth == 0 || $0.isVerified }
        guard !pinnable.contains(where: { certificate in options.pins.contains { $0.isOf(certificate.facts) } }) else { return }
        run.fail(
            .tls, .pinMismatch,
            "certificate \(leaf.facts.subject) (\(CertificatePin.of(leaf.facts))) is none of those pinned: "
                + options.pins.map(\.description).joined(separator: ", "), certificate: leaf.facts.thumbprint)
    }

    private func checkLifetime(_ leaf: CertificateFacts, _ run: inout TargetRun) {
        let lifetime = Duration.seconds(leaf.notAfter.timeIntervalSince(leaf.notBefore))
        guard let most = options.maximumLifetime, lifetime > most else { return }
        run.find(
            finding(
                .warning, .lifetimeTooLong, leaf,
                "is valid for \(DurationText.format(lifetime)), at most \(DurationText.format(most)) is accepted"))
    }

    /// A response that cannot be used matters to clients only if the certificate demands one.
    private func checkStaple(
        _ stapled: Result<StapledResponse, StapledResponse.Unusable>?, of leaf: CertificateFacts, at date: Date
    ) -> Finding? {
        let severity: Finding.Severity = leaf.demandsStaple ? .failure : .warning
        switch stapled {
        case nil:
            return leaf.demandsStaple ? finding(.failure, .stapleMissing, leaf, "demands a stapled OCSP response, but there is none") : nil
        case .failure(let problem):
            return finding(severity, .stapleUnusable, leaf, "has a stapled OCSP response that cannot be used: \(problem)")
        case .success(let response):
            if response.status == .revoked {
                let when = response.revokedAt.map { " on \($0.formatted(.iso8601))" } ?? ""
                return finding(.failure, .certificateRevoked, leaf, "was revoked\(when), as the stapled OCSP response says")
            }
            if let next = response.nextUpdate, next <= date {
                return finding(
                    severity, .stapleUnusable, leaf, "has a stapled OCSP response that was valid until \(next.formatted(.iso8601))")
            }
            if let begin = response.thisUpdate, begin > date.addingTimeInterval(300) {
                return finding(severity, .stapleUnusable, leaf, "has a stapled OCSP response of the future: \(begin.formatted(.iso8601))")
            }
            guard response.status == .unknown else { return nil }
            return finding(severity, .stapleUnusable, leaf, "has a stapled OCSP response in which the authority does not know it")
        }
    }

    func finding(_ severity: Finding.Severity, _ reason: Reason, _ leaf: CertificateFacts, _ rest: String) -> Finding {
        Finding(
            severity, stage: .tls, reason: reason, sentence: "\(target): certificate \(leaf.subject) \(rest)", certificate: leaf.thumbprint)
    }
}

/// What is measured of a session and of the server's certificate.
enum SessionMetrics {
    static let all = [certificate, remaining, timestamps, application, stapled, status, producedAt, thisUpdate, nextUpdate, revokedAt]

    private static let certificate = MetricDefinition("probe_tls_certificate_info", "Key and signature of the server's certificate.", .both)
    private static let remaining = MetricDefinition(
        "probe_tls_certificate_lifetime_remaining_ratio", "Share of the validity of the server's certificate that is left: 0 when it ends.",
        .both)
    private static let timestamps = MetricDefinition(
        "probe_tls_signed_certificate_timestamps", "Signed certificate timestamps in the server's certificate.", .both)
    private static let application = MetricDefinition("probe_tls_alpn_info", "Protocol that the server chose of those offered.", .both)
    private static let stapled = MetricDefinition("probe_tls_ocsp_stapled", "1 if the server sent an OCSP response, 0 if not.", .both)
    private static let status = MetricDefinition(
        "probe_tls_ocsp_status", "Status in the stapled OCSP response: 0 good, 1 revoked, 2 unknown.", .both)
    private static let producedAt = MetricDefinition(
        "probe_tls_ocsp_produced_timestamp_seconds", "When the stapled OCSP response was produced.", .both)
    private static let revokedAt = MetricDefinition(
        "probe_tls_ocsp_revoked_timestamp_seconds", "When the certificate was revoked, as the stapled OCSP response says.", .both)
    private static let thisUpdate = MetricDefinition(
        "probe_tls_ocsp_this_update_timestamp_seconds", "Since when the status in the stapled OCSP response holds.", .both)
    private static let nextUpdate = MetricDefinition(
        "probe_tls_ocsp_next_update_timestamp_seconds", "Until when the status in the stapled OCSP response holds.", .both)

    static func measurements(_ session: TLSReport, _ leaf: CertificateFacts, at date: Date) -> [Measurement] {
        let labels = [("key_type", leaf.keyType.description), ("signature_algorithm", leaf.signatureAlgorithm)]
        var all = [certificate(1, labels), timestamps(leaf.timestampCount), stapled(session.stapled != nil)]
        let (lifetime, left) = (leaf.notAfter.timeIntervalSince(leaf.notBefore), leaf.notAfter.timeIntervalSince(date))
        if lifetime > 0 { all.append(remaining(min(1, max(0, left / lifetime)))) }
        if let chosen = session.applicationProtocol { all.append(application(1, [("protocol", chosen)])) }
        if case .success(let response) = session.stapled {
            all.append(status(Double(response.status.rawValue)))
            all += [
                response.producedAt.map { producedAt($0) }, response.thisUpdate.map { thisUpdate($0) },
                response.nextUpdate.map { nextUpdate($0) }, response.revokedAt.map { revokedAt($0) },
            ].compactMap(\.self)
        }
        return all
    }
}

/// Of a kind that measures nothing but what is shared.
struct NoFacts: RunFacts {
    var measurements: [Measurement] { [] }
}
