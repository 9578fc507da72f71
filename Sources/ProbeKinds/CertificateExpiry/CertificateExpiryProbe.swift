import Certificates
import FoundationEssentials
import Outbound
import Probing

struct CertificateExpiryProbe: Probe {
    let place: Place
    let copies: CopyReader
    let thresholds: Thresholds
    /// Of the definition: `thresholds` contains them.
    var options = CertificateExpiryOptions()

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        log.observe(Observation.thresholds(warn: options.warnBelow, fail: options.failBelow))
        let seen = await copies.look(context)
        log.observe((seen.copies + seen.remembered).map(\.observation))
        seen.recordMetadata(in: &log, place: place)
        if let problem = seen.exportedProblem { log.leaveOut("exported: \(problem)") }

        if let missing = missing(seen, at: context.date) {
            log.find(missing)
        } else if seen.judged.isEmpty {
            log.find(
                Finding(
                    .unknown, stage: .certificate, reason: .notObserved,
                    sentence: seen.copies.isEmpty
                        ? "no copy of the OAuth certificate could be read"
                        : unwatched(seen),
                    cause: seen.metadata?.document == nil
                        ? place.watcher(MetadataReachabilityKind.self) : place.watcher(ThumbprintDriftKind.self)))
        }
        judge(seen, at: context.date, into: &log)
        return log.finished([.certificate, .metadata])
    }

    func turns(with validity: Validity) -> [Date] { thresholds.expiryTurns(with: validity) }

    private func judge(_ seen: VisibleCopies, at date: Date, into log: inout RunRecorder) {
        var byThumbprint: [(facts: CertificateFacts, copies: [VisibleCopies.Copy])] = []
        for copy in seen.judged {
            if let index = byThumbprint.firstIndex(where: { $0.facts.thumbprint == copy.facts.thumbprint }) {
                byThumbprint[index].copies.append(copy)
            } else {
                byThumbprint.append((copy.facts, [copy]))
            }
        }
        byThumbprint.sort { $0.facts.notAfter < $1.facts.notAfter }
        for (facts, copies) in byThumbprint {
            let slot = copies[0].slot
            let finding = thresholds.expiry(
                of: facts, "certificate \(facts.thumbprint) (\(slot.rawValue); \(copies.map(\.location).joined(separator: ", ")))",
                at: date,
                hasSuccessor: seen.judged.contains { $0.slot == .next && $0.facts.succeeds(facts) },
                // A next certificate need not be valid yet.
                mayBeginLater: slot != .current)
            if let finding { log.find(finding) }
        }
        guard let worst = byThumbprint.first?.facts else { return }
        let left = worst.notAfter.timeIntervalSince(date) / 86400
        log.sample(left)
        log.stage(
            .certificate, .passed,
            "\(byThumbprint.count) certificate(s) in \(seen.judged.count) copies, earliest expiry \(worst.notAfter.formatted(.iso8601))")
    }

    /// The sentence for copies that are all older than the certificate AuthConfig names, or unrelated to it.
    private func unwatched(_ seen: VisibleCopies) -> String {
        let found = Set(seen.copies.map(\.facts.thumbprint)).sorted().map(\.description).joined(separator: ", ")
        let authConfig = place.organization.authConfig
        let named = authConfig.currentCertificateThumbprint?.description ?? "none"
        let source = authConfig.thumbprintLocation ?? "AuthConfig"
        return "expiry is NOT being watched: the copies found are \(found), but \(source) names \(named)"
    }

    /// The finding for a document without keys: the certificate is missing, or the one last seen there has expired.
    private func missing(_ seen: VisibleCopies, at date: Date) -> Finding? {
        guard let server = place.server, seen.metadata?.finding?.reason == .metadataNoKeys else { return nil }
        let last = seen.remembered.filter { $0.source == .published && $0.slot != .previous }.max { $0.facts.notAfter < $1.facts.notAfter }
        if let last, last.facts.notAfter <= date {
            return Finding(
                .failure, stage: .certificate, reason: .certificateExpired,
                sentence:
                    "\(server.name) publishes no signing key; the last one seen, \(last.facts.thumbprint), \(last.facts.expiryText(at: date))",
                certificate: last.facts.thumbprint)
        }
        return Finding(
            .failure, stage: .certificate, reason: .certificateMissing,
            sentence: "\(server.name) publishes no signing key: it has no usable OAuth certificate",
            cause: place.watcher(MetadataReachabilityKind.self))
    }
}

extension CertificateFacts {
    /// Whether this certificate becomes valid before the other expires, and expires after it.
    fileprivate func succeeds(_ other: CertificateFacts) -> Bool {
        thumbprint != other.thumbprint && notBefore <= other.notAfter && notAfter > other.notAfter
    }
}
