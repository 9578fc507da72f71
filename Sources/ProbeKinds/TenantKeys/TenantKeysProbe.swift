import Certificates
import Documents
import ExchangeExport
import FoundationEssentials
import Outbound
import Probing

struct TenantKeysProbe: Probe {
    static let stages: [Stage] = [.config, .token, .endpoint, .compare]
    /// The service principal that all hybrid organizations shared; refused since October 2025.
    private static let sharedPrincipal = "00000002-0000-0ff1-ce00-000000000000"
    private static let applicationPrefix = "ExchangeServerApp-"
    /// How far a key's dates may be from its certificate's, in seconds.
    private static let tolerance: TimeInterval = 60

    let place: Place
    let copies: CopyReader
    let path: NetworkPath
    /// Nil if there is none.
    let snapshot: ExchangeSnapshot?

    private var organization: Organization { place.organization }

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        guard let credential = organization.graphCredential, let current = organization.authConfig.currentCertificateThumbprint else {
            log.find(
                Finding(
                    .unknown, stage: .config, reason: .notObserved,
                    sentence:
                        "which certificate the tenant must have is not known: set authConfig.currentCertificateThumbprint, or a snapshot"))
            return log.finished(Self.stages)
        }
        log.stage(.config, .passed, "current \(current)")
        let token: String
        switch await TokenRequest(credential: credential, path: path).run(context, into: &log) {
        case .token(let issued): token = issued.text
        case .refused(let finding):
            log.find(finding)
            return log.finished(Self.stages)
        }
        let graph = GraphReader(host: organization.effectiveCloud.graphHost, token: token, path: path)
        do throws(GraphReader.Problem) {
            let application = try await application(graph, context)
            log.stage(.endpoint, .passed, application["displayName"]?.text ?? "")
            let known = await copies.look(context).copies.map(\.facts)
            for finding in judge(TenantKey.all(application), current: current, known: known, at: context.date) { log.find(finding) }
            if let finding = try await leftovers(graph, context) { log.find(finding) }
            log.stage(.compare, .passed, "\(current)")
        } catch {
            switch error {
            case .notFound: log.find(absent())
            case .other(let finding): log.find(finding)
            }
        }
        return log.finished(Self.stages)
    }

    // MARK: endpoint

    private func application(_ graph: GraphReader, _ context: RunContext) async throws(GraphReader.Problem) -> JSONTree {
        let fields = "$select=appId,displayName,keyCredentials"
        if let id = organization.hybridApplicationID {
            guard UUID(uuidString: id) != nil else {
                throw .other(
                    Finding(
                        .failure, stage: .config, reason: .configIncomplete,
                        sentence: "the dedicated application's ID '\(id)' is not a GUID"))
            }
            return try await graph.object("/v1.0/applications(appId='\(id)')?\(fields)", context)
        }
        let filter = "$filter=startswith(displayName,'\(Self.applicationPrefix)')"
        let found = try await graph.list("/v1.0/applications?\(filter)&$select=appId,displayName", context).compactMap {
            $0["appId"]?.text
        }.filter { UUID(uuidString: $0) != nil }
        guard found.count <= 1 else {
            throw .other(
                Finding(
                    .unknown, stage: .endpoint, reason: .configIncomplete,
                    sentence: "the tenant has \(found.count) applications named \(Self.applicationPrefix)...: set hybridApp.applicationId"))
        }
        guard let id = found.first else { throw .notFound }
        // A list never contains the keys themselves.
        return try await graph.object("/v1.0/applications(appId='\(id)')?\(fields)", context)
    }

    private func absent() -> Finding {
        let name = organization.hybridApplicationID.map { "the application \($0)" } ?? "an application named \(Self.applicationPrefix)..."
        return Finding(.failure, stage: .endpoint, reason: .applicationUnknown, sentence: "the tenant does not have \(name)")
    }

    private func leftovers(_ graph: GraphReader, _ context: RunContext) async throws(GraphReader.Problem) -> Finding? {
        let resource = "/v1.0/servicePrincipals(appId='\(Self.sharedPrincipal)')?$select=appId,keyCredentials"
        let object: JSONTree
        do throws(GraphReader.Problem) { object = try await graph.object(resource, context) } catch {
            if case .notFound = error { return nil }
            throw error
        }
        let keys = TenantKey.all(object)
        guard !keys.isEmpty else { return nil }
        return Finding(
            .warning, stage: .compare, reason: .sharedPrincipalKeysLeft,
            sentence:
                "the shared service principal \(Self.sharedPrincipal) still has \(keys.count) key(s): remove them, they can act for Exchange"
        )
    }

    // MARK: compare

    private func judge(_ keys: [TenantKey], current: Thumbprint, known: [CertificateFacts], at date: Date) -> [Finding] {
        var findings = judge(current, "current", isNeeded: true, keys, known, at: date)
        if let next = organization.authConfig.nextCertificateThumbprint, next != current {
            let effective = snapshot?.authConfig?.nextEffectiveDate
            // Changes take up to two days to spread.
            let isNeeded = effective.map { $0.timeIntervalSince(date) < 2 * 86400 } ?? false
            findings += judge(next, "next", isNeeded: isNeeded, keys, known, at: date)
        }
        return findings
    }

    private func judge(
        _ thumbprint: Thumbprint, _ slot: String, isNeeded: Bool, _ keys: [TenantKey], _ known: [CertificateFacts], at date: Date
    ) -> [Finding] {
        func finding(_ severity: Finding.Severity, _ reason: Reason, _ clause: String) -> Finding {
            Finding(
                severity, stage: .compare, reason: reason, sentence: "the \(slot) certificate \(thumbprint): \(clause)",
                certificate: thumbprint)
        }
        guard let key = keys.first(where: { $0.thumbprint == thumbprint }) else {
            let others = keys.compactMap { $0.thumbprint?.description }.joined(separator: ", ")
            let clause = "the tenant's application does not have it" + (others.isEmpty ? ", it has no keys" : ", it has \(others)")
            return [finding(isNeeded ? .failure : .warning, .keyNotInTenant, clause)]
        }
        if let end = key.end, end <= date {
            return [finding(.failure, .tenantKeyDatesDiffer, "its key in the tenant expired at \(end.formatted(.iso8601))")]
        }
        if let begin = key.begin, begin > date {
            return [
                finding(
                    isNeeded ? .failure : .warning, .tenantKeyDatesDiffer,
                    "its key in the tenant is not valid before \(begin.formatted(.iso8601))")
            ]
        }
        guard let facts = known.first(where: { $0.thumbprint == thumbprint }) else { return [] }
        for (name, tenant, own) in [("begins", key.begin, facts.notBefore), ("ends", key.end, facts.notAfter)] {
            guard let tenant, abs(tenant.timeIntervalSince(own)) > Self.tolerance else { continue }
            return [
                finding(
                    .warning, .tenantKeyDatesDiffer,
                    "its key in the tenant \(name) at \(tenant.formatted(.iso8601)), the certificate at \(own.formatted(.iso8601))")
            ]
        }
        return []
    }
}
