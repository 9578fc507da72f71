import Certificates
import Documents
import ExchangeExport
import FoundationEssentials
import Probing
import Transfers

/// All copies of the OAuth certificate visible for one place: the exported file, the keys the server publishes, and what the snapshot says it has.
struct VisibleCopies: Sendable {
    struct Copy: Sendable {
        var source: OAuthCertificate.Source
        /// Empty for the exported file, which is shared by the organization.
        var server: String
        var slot: OAuthCertificate.Slot
        var facts: CertificateFacts
        var seen: Date

        /// `exported`, `published by mbx01.fabrikam.com`, `in the snapshot of mbx01.fabrikam.com`
        var location: String {
            switch source {
            case .snapshot: "in the snapshot of \(server)"
            default: server.isEmpty ? source.rawValue : "\(source.rawValue) by \(server)"
            }
        }

        var observation: Observation {
            .oauthCertificate(OAuthCertificate(server: server, source: source, slot: slot, facts: facts, lastSeen: seen))
        }
    }

    /// Found in this run.
    var copies: [Copy] = []
    /// Found earlier, from a document or file that contains no certificate now.
    var remembered: [Copy] = []
    /// The server's document; nil if it was not requested.
    var metadata: MetadataSighting?
    /// Why the configured exported file cannot be read; nil if there is no problem.
    var exportedProblem: String?
    /// Whether it could not be read because the agent ran out of descriptors or memory, which says nothing about the file.
    var isExportedLocalLimit = false

    var exported: Copy? { copies.first { $0.source == .exported } }
    var published: [Copy] { copies.filter { $0.source == .published } }

    /// The copies whose validity is judged: current and next.
    var judged: [Copy] { copies.filter { [.current, .next].contains($0.slot) } }
}

/// Reads all copies visible for one place.
struct CopyReader: Sendable {
    let place: Place
    let metadata: MetadataReader
    let sightings: CertificateLog
    /// Nil if there is none.
    let snapshot: ExchangeSnapshot?

    private var authConfig: AuthConfig { place.organization.authConfig }

    func look(_ context: RunContext) async -> VisibleCopies {
        var seen = VisibleCopies()
        let now = context.time.now
        var found: [(source: OAuthCertificate.Source, server: String, facts: CertificateFacts)] = []
        if let file = authConfig.certificateFile {
            do { found.append((.exported, "", try Self.read(file))) } catch let error as FileUnreadable {
                (seen.exportedProblem, seen.isExportedLocalLimit) = (error.description, error.isLocalLimit)
            } catch {
                seen.exportedProblem = "\(file): \(error)"
            }
        }
        if let server = place.server, server.publishesMetadata {
            let sighting = await metadata.fresh(.server(server), context)
            seen.metadata = sighting
            for key in sighting.document?.keys ?? [] { found.append((.published, server.name, key.facts)) }
        }
        found += snapshotCopies.map { (.snapshot, place.server?.name ?? "", $0) }
        let slots = SlotAssignment(
            current: authConfig.currentCertificateThumbprint, next: authConfig.nextCertificateThumbprint, facts: found.map(\.facts),
            published: found.filter { $0.source == .published }.map(\.facts))
        seen.copies = found.map { copy in
            let date = copy.source == .snapshot ? snapshot?.collectedAt ?? now : now
            return .init(source: copy.source, server: copy.server, slot: slots[copy.facts], facts: copy.facts, seen: date)
        }
        if !context.isRehearsal { note(found, at: now) }
        seen.remembered = remember(seen, slots: slots)
        return seen
    }

    /// What the server's store holds of the certificates that AuthConfig names.
    private var snapshotCopies: [CertificateFacts] {
        guard let server = place.server, let snapshot else { return [] }
        let named = [snapshot.authConfig?.current, snapshot.authConfig?.next].compactMap(\.self)
        return (snapshot.server(named: server.name)?.certificates ?? []).filter { certificate in
            certificate.thumbprint.value.map(named.contains) ?? false
        }.compactMap(\.facts)
    }

    private func note(_ found: [(source: OAuthCertificate.Source, server: String, facts: CertificateFacts)], at date: Date) {
        for source in [OAuthCertificate.Source.exported, .published] {
            let copies = found.filter { $0.source == source }
            sightings.note(copies.map(\.facts), server: copies.first?.server ?? "", source: source, at: date)
        }
    }

    private func remember(_ seen: VisibleCopies, slots: SlotAssignment) -> [VisibleCopies.Copy] {
        var remembered: [VisibleCopies.Copy] = []
        if seen.exported == nil, authConfig.certificateFile != nil {
            remembered += sightings.last(server: "", source: .exported).map {
                .init(source: .exported, server: "", slot: slots[$0.facts], facts: $0.facts, seen: $0.seen)
            }
        }
        if let server = place.server, seen.published.isEmpty, server.publishesMetadata {
            let last = sightings.last(server: server.name, source: .published)
            let slots = SlotAssignment(
                current: authConfig.currentCertificateThumbprint, facts: last.map(\.facts), published: last.map(\.facts))
            remembered += last.map { .init(source: .published, server: server.name, slot: slots[$0.facts], facts: $0.facts, seen: $0.seen) }
        }
        return remembered
    }

    private static func read(_ file: String) throws -> CertificateFacts {
        try CertificateFacts.read(pemOrDER: try RegularFile.read(file, atMost: RegularFile.certificateLimit))
    }
}

/// Assigns slots to certificates: the one AuthConfig names is current, a newer one is next, an older one is previous.
///
/// If AuthConfig is not known, the newest published key is current, and all others are previous.
struct SlotAssignment {
    private let current: Thumbprint?
    private let next: Thumbprint?
    private let begin: Date?

    init(current: Thumbprint?, next: Thumbprint? = nil, facts: [CertificateFacts], published: [CertificateFacts]) {
        let newest = (published.isEmpty ? facts : published).max { $0.notBefore < $1.notBefore }
        let named = current.flatMap { name in facts.first { $0.thumbprint == name } }
        self.current = current ?? newest?.thumbprint
        begin = current == nil ? newest?.notBefore : named?.notBefore
        isKnown = current != nil
        self.next = next
    }

    private let isKnown: Bool

    subscript(facts: CertificateFacts) -> OAuthCertificate.Slot {
        if facts.thumbprint == current { return .current }
        if facts.thumbprint == next { return .next }
        guard isKnown else { return .previous }
        guard let begin else { return .unknown }
        return facts.notBefore > begin ? .next : .previous
    }
}
