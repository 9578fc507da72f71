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
            let (name, keys) = try await keyHolder(graph, context, into: &log)
            log.stage(.endpoint, .passed, name)
            for finding in judge(keys, current: current, await dates(context), at: context.date, into: &log) {
                log.find(finding)
            }
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

    /// The object whose keys Exchange's tokens are checked with: the dedicated application; the shared service principal where that is not
    /// needed, or where the tenant has none and nothing says that it is.
    private func keyHolder(
        _ graph: GraphReader, _ context: RunContext, into log: inout RunRecorder
    ) async throws(GraphReader.Problem) -> (name: String, keys: [TenantKey]) {
        let usesRichFeatures = snapshot?.usesRichFeatures
        let shared = try await principal(graph, context)
        if usesRichFeatures == false, organization.hybridApplicationID == nil {
            log.leaveOut("the dedicated application: no feature that needs it is in use")
            guard let shared else { throw .notFound }
            return shared
        }
        let application: (name: String, keys: [TenantKey])
        do throws(GraphReader.Problem) {
            application = try keys(of: try await self.application(graph, context), organization.hybridApplicationID)
        } catch {
            guard case .notFound = error, organization.hybridApplicationID == nil, usesRichFeatures == nil, let shared,
                !shared.keys.isEmpty
            else { throw error }
            log.leaveOut("whether a dedicated application is needed: give a snapshot, or hybridApp.applicationId")
            return shared
        }
        let left = shared?.keys ?? []
        if !left.isEmpty {
            log.find(
                Finding(
                    .warning, stage: .compare, reason: .sharedPrincipalKeysLeft,
                    sentence:
                        "the shared service principal \(Self.sharedPrincipal) still has \(left.count == 1 ? "a key" : "\(left.count) keys"), beside the dedicated application"
                ))
        }
        return application
    }

    /// The shared service principal; nil if the tenant does not have it.
    private func principal(
        _ graph: GraphReader, _ context: RunContext
    ) async throws(GraphReader.Problem) -> (name: String, keys: [TenantKey])? {
        let resource = "/v1.0/servicePrincipals(appId='\(Self.sharedPrincipal)')?$select=appId,displayName,keyCredentials"
        do throws(GraphReader.Problem) { return try keys(of: try await graph.object(resource, context), Self.sharedPrincipal) } catch {
            if case .notFound = error { return nil }
            throw error
        }
    }

    /// The name and keys of an object that is the one that was asked for.
    private func keys(
        of object: JSONTree, _ id: String?
    ) throws(GraphReader.Problem) -> (name: String, keys: [TenantKey]) {
        let appID = object["appId"]?.text ?? ""
        guard let keys = TenantKey.all(object), id.map({ $0.lowercased() == appID.lowercased() }) ?? true else {
            throw .other(
                Finding(
                    .unknown, stage: .endpoint, reason: .httpMalformed,
                    sentence: "Microsoft Graph: the answer is not the application \(id ?? "") with its keys"))
        }
        return (object["displayName"]?.text ?? appID, keys)
    }

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

    // MARK: compare

    private typealias Dates = (begin: Date, end: Date)

    /// When a certificate is valid, as the exported file or a server in the snapshot says.
    private func dates(_ context: RunContext) async -> @Sendable (Thumbprint) -> Dates? {
        let exported = await copies.look(context).exported?.facts
        return { [snapshot] thumbprint in
            if let exported, exported.thumbprint == thumbprint { return (exported.notBefore, exported.notAfter) }
            return snapshot?.certificate(thumbprint).map { ($0.notBefore, $0.notAfter) }
        }
    }

    private func judge(
        _ keys: [TenantKey], current: Thumbprint, _ dates: (Thumbprint) -> Dates?, at date: Date, into log: inout RunRecorder
    ) -> [Finding] {
        var findings = judge(current, "current", isNeeded: true, keys, dates(current), at: date)
        if dates(current) == nil { log.leaveOut("the dates of \(current): neither authConfig.certificateFile nor a snapshot has it") }
        if let next = organization.authConfig.nextCertificateThumbprint, next != current {
            let effective = snapshot?.authConfig?.nextEffectiveDate
            // Changes take up to two days to spread.
            let isNeeded = effective.map { $0.timeIntervalSince(date) < 2 * 86400 } ?? false
            findings += judge(next, "next", isNeeded: isNeeded, keys, dates(next), at: date)
        }
        return findings
    }

    private func judge(
        _ thumbprint: Thumbprint, _ slot: String, isNeeded: Bool, _ keys: [TenantKey], _ dates: Dates?, at date: Date
    ) -> [Finding] {
        func finding(_ severity: Finding.Severity, _ reason: Reason, _ clause: String) -> Finding {
            Finding(
                severity, stage: .compare, reason: reason, sentence: "the \(slot) certificate \(thumbprint): \(clause)",
                certificate: thumbprint)
        }
        // A certificate may have been uploaded more than once: the entry that lasts longest counts.
        let key = keys.filter { $0.thumbprint == thumbprint }.max { ($0.end ?? .distantFuture) < ($1.end ?? .distantFuture) }
        guard let key else {
            let others = keys.compactMap { $0.thumbprint?.description }.joined(separator: ", ")
            let clause = "the tenant does not have it" + (others.isEmpty ? ", it has no keys" : ", it has \(others)")
            return [finding(isNeeded ? .failure : .warning, .keyNotInTenant, clause)]
        }
        // An expired certificate is the matter of another probe, and no upload would help.
        if let dates, dates.end <= date { return [] }
        if let end = key.end, end <= date {
            return [finding(.failure, .tenantKeyDatesDiffer, "its key in the tenant expired on \(end.formatted(.iso8601))")]
        }
        if let begin = key.begin, begin > date {
            return [
                finding(
                    isNeeded ? .failure : .warning, .tenantKeyDatesDiffer,
                    "its key in the tenant is not valid before \(begin.formatted(.iso8601))")
            ]
        }
        guard let dates else { return [] }
        for (name, tenant, own) in [("begins", key.begin, dates.begin), ("ends", key.end, dates.end)] {
            guard let tenant, abs(tenant.timeIntervalSince(own)) > Self.tolerance else { continue }
            return [
                finding(
                    .warning, .tenantKeyDatesDiffer,
                    "its key in the tenant \(name) on \(tenant.formatted(.iso8601)), the certificate on \(own.formatted(.iso8601))")
            ]
        }
        return []
    }
}
