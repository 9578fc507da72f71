import Certificates
import FoundationEssentials
import Outbound
import Probing
import Transfers

struct MetadataReachabilityProbe: Probe {
    static let stages: [Stage] = [.config, .resolve, .connect, .tls, .metadata]

    let place: Place
    let metadata: MetadataReader
    let clock: ClockComparison
    let thresholds: Thresholds

    func turns(with validity: Validity) -> [Date] { thresholds.turns(with: validity) }

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        let authServer = checkConfiguration(&log)
        var publishers: [MetadataSighting.Publisher] = []
        if let server = place.server {
            if server.publishesMetadata {
                publishers.append(.server(server))
            } else {
                log.leaveOut("published by \(server.name): metadata: false")
            }
        }
        if let authServer { publishers.append(.authServer(url: authServer)) }
        let sightings = await look(at: publishers, context)
        for sighting in sightings { judge(sighting, context, into: &log) }
        if sightings.isEmpty, !log.hasFailed {
            log.find(
                Finding(
                    .unknown, stage: .metadata, reason: .notObserved,
                    sentence: "no metadata document is configured, neither the server's nor the auth server's"))
        }
        return log.finished(Self.stages)
    }

    /// - Returns: the auth server's URL; nil if it is not configured or names another tenant.
    private func checkConfiguration(_ log: inout RunRecorder) -> String? {
        guard let url = place.organization.authServer?.metadataURL else {
            log.leaveOut("the auth server's document: authServer.metadataUrl is not configured")
            return nil
        }
        if let mismatch = MetadataURL(url).mismatch(in: place.organization) {
            log.find(mismatch)
            log.leaveOut("the auth server's document: its URL names another tenant")
            return nil
        }
        log.stage(.config, .passed, url)
        return url
    }

    private func look(at publishers: [MetadataSighting.Publisher], _ context: RunContext) async -> [MetadataSighting] {
        await withTaskGroup(of: (Int, MetadataSighting).self) { group in
            for (index, publisher) in publishers.enumerated() {
                group.addTask { (index, await metadata.fresh(publisher, context)) }
            }
            var sightings: [(Int, MetadataSighting)] = []
            for await sighting in group { sightings.append(sighting) }
            return sightings.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func judge(_ sighting: MetadataSighting, _ context: RunContext, into log: inout RunRecorder) {
        let judgement = sighting.judgement
        judgement.record(in: &log)
        var labels = [("server", ""), ("document", "auth_server")]
        if case .server(let server) = sighting.publisher {
            log.observe(judgement.peerCertificates + [judgement.phases])
            labels = [("server", server.name), ("document", "server")]
            if sighting.report.response != nil,
                let finding = thresholds.expiry(of: sighting.report.tls, peer: server.name, at: context.date)
            {
                log.find(finding)
            }
        }
        if let isReachable = sighting.isReachable { log.observe(.measurement(MetadataReachabilityKind.isReachable(isReachable, labels))) }
        for warning in judgement.warnings { log.find(warning) }
        if let finding = sighting.finding { log.find(finding) }
        if let response = sighting.report.response,
            let skew = clock.finding(response, from: sighting.publisher.name, now: context.time.now, stage: .metadata)
        {
            log.find(skew)
        }
        guard let document = sighting.document else { return }
        log.stage(.metadata, .passed, took: judgement.applicationTime, "\(sighting.publisher.name): \(document.keys.count) signing key(s)")
        if let finding = malformedKeys(document, sighting.publisher) { log.find(finding) }
        if let finding = validity(document, sighting.publisher, at: context.date) { log.find(finding) }
        if case .authServer = sighting.publisher { judgeAuthServer(document, into: &log) }
    }

    private func malformedKeys(_ document: AuthMetadataDocument, _ publisher: MetadataSighting.Publisher) -> Finding? {
        guard let first = document.malformedKeys.first else { return nil }
        let others = document.malformedKeys.count > 1 ? ", and \(document.malformedKeys.count - 1) more" : ""
        return Finding(
            .warning, stage: .metadata, reason: .metadataMalformed,
            sentence: "\(publisher.name): besides \(document.keys.count) valid signing key(s), the document contains \(first)\(others)")
    }

    /// The finding for a document in which no key is valid at the given date; nil if at least one is.
    private func validity(_ document: AuthMetadataDocument, _ publisher: MetadataSighting.Publisher, at date: Date) -> Finding? {
        let keys = document.keys.map(\.facts)
        guard !keys.contains(where: { $0.notBefore <= date && date < $0.notAfter }) else { return nil }
        let cause = if case .server = publisher { place.watcher(CertificateExpiryKind.self) } else { ProbeIdentity?.none }
        if let last = keys.filter({ $0.notAfter <= date }).max(by: { $0.notAfter < $1.notAfter }) {
            return Finding(
                .failure, stage: .metadata, reason: .certificateExpired,
                sentence:
                    "\(publisher.name): no published key is valid; the last one, \(last.thumbprint), \(last.expiryText(at: date))",
                cause: cause, certificate: last.thumbprint)
        }
        let first = keys.map(\.notBefore).min()?.formatted(.iso8601) ?? ""
        return Finding(
            .failure, stage: .metadata, reason: .certificateNotYetValid,
            sentence: "\(publisher.name): no published key is valid before \(first)",
            cause: cause)
    }

    private func judgeAuthServer(_ document: AuthMetadataDocument, into log: inout RunRecorder) {
        // A domain or `*` says nothing about the tenant; only a GUID can be compared, and only if tenant.id is configured.
        if let tenant = place.organization.tenant.id, UUID(uuidString: document.realm) != nil,
            document.realm.lowercased() != tenant.lowercased()
        {
            log.find(
                Finding(
                    .failure, stage: .metadata, reason: .metadataWrongRealm,
                    sentence: "the auth server's document is for tenant \(document.realm), but tenant.id is \(tenant)"))
        }
        if document.tokenEndpoints.isEmpty {
            log.find(
                Finding(
                    .failure, stage: .metadata, reason: .metadataNoTokenEndpoint,
                    sentence: "the auth server's document contains no endpoint with usage 'issuance'"))
        }
    }
}
