import Certificates
import Documents
import FoundationEssentials
import HealthManager
import Transfers

/// Every copy of the OAuth certificate that can be seen from one place: the exported file, and the server's published keys.
struct VisibleCopies: Sendable {
    struct Copy: Sendable {
        var source: OAuthCertificate.Source
        /// Empty for the exported file, which the organization shares.
        var server: String
        var slot: OAuthCertificate.Slot
        var facts: CertificateFacts
        var seen: Date

        /// `exported`, `published by mbx01.fabrikam.com`
        var whereabouts: String { server.isEmpty ? source.rawValue : "\(source.rawValue) by \(server)" }

        var observation: Observation {
            .oauthCertificate(OAuthCertificate(server: server, source: source, slot: slot, facts: facts, lastSeen: seen))
        }
    }

    /// Seen in this run.
    var copies: [Copy] = []
    /// Seen earlier, by a document that shows no key now.
    var remembered: [Copy] = []
    /// The server's document, where it was asked.
    var metadata: MetadataSighting?
    /// Why the exported file is no certificate, where it is named and cannot be read.
    var exportedProblem: String?
    /// The agent itself had no descriptor left to read it: nothing is said of the file.
    var isExportedOwnWant = false

    var exported: Copy? { copies.first { $0.source == .exported } }
    var published: [Copy] { copies.filter { $0.source == .published } }

    /// Those whose validity counts.
    var judged: [Copy] { copies.filter { [.current, .next].contains($0.slot) } }
}

/// Looks at all copies visible from one place.
struct CopyReader: Sendable {
    let place: Place
    let metadata: MetadataReader
    let sightings: Sightings

    private var authConfig: AuthConfig { place.configuration.authConfig }

    func look(_ context: RunContext) async -> VisibleCopies {
        var seen = VisibleCopies()
        let now = context.time.now
        var found: [(source: OAuthCertificate.Source, server: String, facts: CertificateFacts)] = []
        if let file = authConfig.certificateFile {
            do { found.append((.exported, "", try Self.read(file))) } catch let error as FileUnreadable {
                (seen.exportedProblem, seen.isExportedOwnWant) = (error.description, error.isOwnWant)
            } catch {
                seen.exportedProblem = "\(file): \(error)"
            }
        }
        if let server = place.server, server.publishesMetadata {
            let sighting = await metadata.fresh(.server(server), context)
            seen.metadata = sighting
            for key in sighting.document?.keys ?? [] { found.append((.published, server.name, key.facts)) }
        }
        let slots = SlotAssignment(
            current: authConfig.currentCertificateThumbprint, facts: found.map(\.facts),
            published: found.filter { $0.source == .published }.map(\.facts))
        seen.copies = found.map { .init(source: $0.source, server: $0.server, slot: slots[$0.facts], facts: $0.facts, seen: now) }
        if !context.isRehearsal { note(found, at: now) }
        seen.remembered = remember(seen, slots: slots)
        return seen
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

/// Which part each certificate plays: what AuthConfig names is current, a newer one next, an older one previous.
///
/// Where AuthConfig is not known, the newest published key is current, and all others are previous.
struct SlotAssignment {
    private let current: Thumbprint?
    private let begin: Date?

    init(current: Thumbprint?, facts: [CertificateFacts], published: [CertificateFacts]) {
        let newest = (published.isEmpty ? facts : published).max { $0.notBefore < $1.notBefore }
        let named = current.flatMap { name in facts.first { $0.thumbprint == name } }
        self.current = current ?? newest?.thumbprint
        begin = current == nil ? newest?.notBefore : named?.notBefore
        isKnown = current != nil
    }

    private let isKnown: Bool

    subscript(facts: CertificateFacts) -> OAuthCertificate.Slot {
        if facts.thumbprint == current { return .current }
        guard isKnown else { return .previous }
        guard let begin else { return .unknown }
        return facts.notBefore > begin ? .next : .previous
    }
}
