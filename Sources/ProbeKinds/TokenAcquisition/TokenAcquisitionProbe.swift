import Certificates
import Documents
import FoundationEssentials
import Outbound
import Probing

struct TokenAcquisitionProbe: Probe {
    static let stages: [Stage] = [.config, .metadata, .token]

    let place: Place
    let path: NetworkPath

    private var organization: Organization { place.organization }

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        guard let tenant = organization.tenantName else { return log.finished(Self.stages) }
        log.stage(.config, .passed, "tenant \(tenant) in \(organization.effectiveCloud.name)")
        let credential = organization.pushProxy.token ?? organization.graphCredential
        if let credential { judge(credential, at: context.date, into: &log) }
        // What the tenant says today says nothing of another date.
        guard abs(context.date.timeIntervalSince(context.time.now)) < 86400 else {
            log.leaveOut("the tenant, as of \(context.date.formatted(.iso8601))")
            return log.finished(Self.stages)
        }
        let documents = TenantDocuments(host: organization.effectiveCloud.loginHost, tenant: tenant, path: path)
        do throws(TenantDocuments.Problem) {
            try await readDocuments(documents, context.part(2), into: &log)
        } catch { log.find(error.finding) }
        guard let credential else {
            log.leaveOut("token: neither pushProxy.token nor tenant.credential is configured")
            return log.finished(Self.stages)
        }
        // Documents that cannot be read do not keep the endpoint from issuing tokens.
        switch await TokenRequest(credential: credential, path: path).run(context, into: &log) {
        case .token(let token):
            if let life = token.life {
                log.sample(life.seconds)
                log.observe(.measurement(TokenAcquisitionKind.lifetime(life)))
            }
            log.stage(.token, .passed, "valid for \(token.life.map(DurationText.format) ?? "an unknown time")")
        case .refused(let finding): log.find(finding)
        }
        return log.finished(Self.stages)
    }

    func turns(with validity: Validity) -> [Date] {
        let thresholds = organization.thresholds
        return [
            validity.begin, validity.end, validity.end.addingTimeInterval(-thresholds.warning(lifetime: validity.lifetime).seconds),
            validity.end.addingTimeInterval(-thresholds.failure(lifetime: validity.lifetime).seconds),
        ]
    }

    private func readDocuments(
        _ documents: TenantDocuments, _ context: RunContext, into log: inout RunRecorder
    ) async throws(TenantDocuments.Problem) {
        let discovery = try await documents.discovery(context, into: &log)
        // The issuer ends with the tenant's GUID whatever name the URL has.
        let host = "https://\(organization.effectiveCloud.loginHost)/"
        let issuer = discovery.issuer.lowercased()
        if !issuer.hasPrefix(host) || organization.tenant.id.map({ !issuer.hasPrefix(host + $0.lowercased() + "/") }) ?? false {
            let expected = host + (organization.tenant.id ?? "")
            log.find(failure(.metadataWrongRealm, "the issuer of the discovery document is \(discovery.issuer), expected \(expected)"))
        }
        if discovery.tokenEndpoint.map({ !$0.hasPrefix(host) }) ?? true {
            log.find(failure(.metadataNoTokenEndpoint, "the discovery document contains no token endpoint at \(host)"))
        }
        guard let keySet = discovery.keySet else {
            return log.find(failure(.metadataNoKeys, "the discovery document does not say where the keys are"))
        }
        let sets = [
            ("the key set", try await documents.keys(keySet, context, into: &log)),
            ("the federation metadata", try await documents.federation(context, into: &log)),
        ]
        for (name, certificates) in sets where !certificates.contains(where: { $0.notBefore <= context.date && context.date < $0.notAfter })
        {
            let last = certificates.map(\.notAfter).max()?.formatted(.iso8601) ?? ""
            log.find(failure(.certificateExpired, "no certificate of \(name) is valid now; the last one ends at \(last)"))
        }
        log.stage(.metadata, .passed, "\(sets.map { "\($0.1.count) certificates in \($0.0)" }.joined(separator: ", "))")
    }

    /// Judges the agent's own certificate. One that cannot be read is reported by the request.
    private func judge(_ credential: TokenCredential, at date: Date, into log: inout RunRecorder) {
        guard let bytes = try? RegularFile.read(credential.certificateFile, atMost: RegularFile.certificateLimit),
            let facts = try? CertificateFacts.read(pemOrDER: bytes)
        else { return }
        log.observe(.credential(facts))
        let lifetime = Duration.seconds(facts.notAfter.timeIntervalSince(facts.notBefore))
        let left = Duration.seconds(facts.notAfter.timeIntervalSince(date))
        let (severity, reason): (Finding.Severity, Reason)
        if left <= .zero {
            (severity, reason) = (.failure, .certificateExpired)
        } else if date < facts.notBefore {
            (severity, reason) = (.failure, .certificateNotYetValid)
        } else if left < organization.thresholds.failure(lifetime: lifetime) {
            (severity, reason) = (.failure, .certificateExpiresVerySoon)
        } else if left < organization.thresholds.warning(lifetime: lifetime) {
            (severity, reason) = (.warning, .certificateExpiresSoon)
        } else {
            return
        }
        let clause =
            reason == .certificateNotYetValid
            ? "is not valid before \(facts.notBefore.formatted(.iso8601))" : facts.expiryText(at: date)
        log.find(
            Finding(
                severity, stage: .config, reason: reason,
                sentence: "the agent's own certificate \(facts.thumbprint) (\(credential.certificateFile)) \(clause)",
                certificate: facts.thumbprint))
    }

    private func failure(_ reason: Reason, _ sentence: String) -> Finding {
        Finding(.failure, stage: .metadata, reason: reason, sentence: sentence)
    }
}
