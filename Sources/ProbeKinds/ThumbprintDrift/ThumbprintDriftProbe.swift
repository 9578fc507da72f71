import Certificates
import FoundationEssentials
import Outbound
import Probing

struct ThumbprintDriftProbe: Probe {
    static let stages: [Stage] = [.certificate, .metadata, .compare]
    /// The maximum age of another server's document if no thumbprint is configured.
    private static let neighbourAge: Duration = .seconds(300)

    let place: Place
    let copies: CopyReader
    let settling: Duration

    private var isAuthoritative: Bool { place.organization.described?.values.contains(.authConfig) == true }
    private var configured: Thumbprint? { place.organization.authConfig.currentCertificateThumbprint }

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        let seen = await copies.look(context)
        log.observe((seen.copies + seen.remembered).map(\.observation))
        place.organization.leaveOutTenant(in: &log)
        readFile(seen, into: &log)
        guard readServer(seen, into: &log) else { return log.finished(Self.stages) }

        let agreement = await agreement(seen, context, into: &log)
        guard let reference = agreement.reference, !seen.copies.isEmpty else {
            if !log.hasFailed {
                log.find(
                    Finding(
                        .unknown, stage: .compare, reason: .notObserved, sentence: "there are fewer than two copies to compare"))
            }
            return log.finished(Self.stages)
        }
        if agreement.isConfigurationOutdated { log.find(outdated(reference)) }
        compare(seen, with: reference, context, into: &log)
        return log.finished(Self.stages)
    }

    private func readFile(_ seen: VisibleCopies, into log: inout RunRecorder) {
        if let problem = seen.exportedProblem {
            log.find(
                Finding(
                    seen.isExportedLocalLimit ? .unknown : .failure, stage: .certificate,
                    reason: seen.isExportedLocalLimit ? .systemRefused : .certificateUnreadable, sentence: "exported certificate \(problem)"
                ))
        } else if let exported = seen.exported {
            log.stage(.certificate, .passed, "exported: \(exported.facts.thumbprint)")
        } else {
            log.leaveOut("exported: authConfig.certificateFile is not configured")
        }
    }

    /// - Returns: false if there is nothing to judge without the server's document.
    private func readServer(_ seen: VisibleCopies, into log: inout RunRecorder) -> Bool {
        let watcher = place.watcher(MetadataReachabilityKind.self)
        if let finding = seen.metadata?.finding, let server = place.server {
            if finding.reason == .metadataNoKeys {
                log.find(Finding(.failure, stage: .metadata, reason: .metadataNoKeys, sentence: finding.sentence, cause: watcher))
            } else {
                log.find(
                    Finding(
                        .unknown, stage: .metadata, reason: .notObserved,
                        sentence: "the keys that \(server.name) publishes could not be read (\(finding.reason.rawValue))",
                        exception: finding.sentence, cause: watcher))
            }
            return false
        }
        seen.recordMetadata(in: &log, place: place)
        guard seen.metadata == nil, seen.exported == nil || configured == nil else { return true }
        if !log.hasFailed {
            log.find(
                Finding(
                    .unknown, stage: .metadata, reason: .notObserved,
                    sentence: "without the server's document, there are fewer than two copies to compare"))
        }
        return false
    }

    /// Reads the other servers' documents only if needed: if this server does not publish the configured key, or none is configured.
    private func agreement(_ seen: VisibleCopies, _ context: RunContext, into log: inout RunRecorder) async -> Agreement {
        let own = seen.published.map(\.facts)
        if let configured, own.isEmpty || own.contains(where: { $0.thumbprint == configured }) {
            return Agreement(configured: configured, isAuthoritative: isAuthoritative, published: own.isEmpty ? [] : [own])
        }
        let others = place.organization.servers.filter {
            $0.publishesMetadata && $0.roles.contains(.mailbox) && $0.name != place.server?.name
        }
        let neighbours = await withTaskGroup(of: MetadataSighting.self) { group in
            for server in others {
                group.addTask {
                    configured == nil
                        ? await copies.metadata.recent(.server(server), within: Self.neighbourAge, context)
                        : await copies.metadata.fresh(.server(server), context)
                }
            }
            return await group.reduce(into: [MetadataSighting]()) { $0.append($1) }
        }
        for neighbour in neighbours where neighbour.document == nil {
            log.leaveOut("published by \(neighbour.publisher.name): \(neighbour.finding?.reason.rawValue ?? "")")
        }
        let published = neighbours.compactMap { $0.document?.keys.map(\.facts) }
        return Agreement(configured: configured, isAuthoritative: isAuthoritative, published: (own.isEmpty ? [] : [own]) + published)
    }

    private func compare(_ seen: VisibleCopies, with reference: Thumbprint, _ context: RunContext, into log: inout RunRecorder) {
        let known = (seen.copies + seen.remembered).map(\.facts)
        for source in [OAuthCertificate.Source.published, .exported] {
            let held = seen.copies.filter { $0.source == source }
            guard let newest = held.max(by: { $0.facts.notBefore < $1.facts.notBefore }) else { continue }
            let differs = !held.contains { $0.facts.thumbprint == reference }
            let settles = differs && isSettling(newest.facts, reference: reference, known: known, context)
            let labels = [("server", newest.server), ("source", source.rawValue)]
            log.observe(.measurement(ThumbprintDriftKind.drift(differs ? settles ? 2 : 1 : 0, labels)))
            guard differs else { continue }
            let sentence = "\(newest.location): \(newest.facts.thumbprint), but \(authority(reference)) \(reference)"
            log.find(
                Finding(
                    settles ? .warning : .failure, stage: .compare, reason: settles ? .thumbprintSettling : .thumbprintDrift,
                    sentence: sentence))
        }
        log.stage(.compare, .passed, "reference \(reference)")
    }

    private func authority(_ reference: Thumbprint) -> String { reference == configured ? "AuthConfig names" : "the servers agree on" }

    /// Whether a new key is being rolled out while the old one is valid. The key with the later notBefore is the new one.
    private func isSettling(_ held: CertificateFacts, reference: Thumbprint, known: [CertificateFacts], _ context: RunContext) -> Bool {
        let wanted = known.first { $0.thumbprint == reference }
        let heldIsNew = wanted.map { $0.notBefore < held.notBefore } ?? false
        let new = heldIsNew ? held.thumbprint : reference
        guard let old = heldIsNew ? wanted : held, old.notBefore <= context.date, context.date < old.notAfter else { return false }
        // A key without a record is seen for the first time now.
        let first = copies.sightings.firstSight(of: new) ?? context.time.now
        return context.time.now.timeIntervalSince(first) < settling.seconds
    }

    private func outdated(_ agreed: Thumbprint) -> Finding {
        let place = place.organization.authConfig.thumbprintLocation ?? "agent.yaml"
        return Finding(
            .warning, stage: .compare, reason: .authconfigOutdated,
            sentence: "every server observed publishes \(agreed): set authConfig.currentCertificateThumbprint in \(place) to it")
    }
}
