package import Certificates
package import FoundationEssentials

/// One copy of an OAuth certificate: where it was found, and whether it is the current, previous or next certificate.
package struct OAuthCertificate: Sendable, Hashable {
    /// Where a copy was found.
    package enum Source: String, Sendable, Hashable, Codable, CaseIterable {
        /// Published as a signing key in a server's auth metadata document.
        case published
        /// Read from the exported file (`authConfig.certificateFile`).
        case exported
        case snapshot
        case tenant
    }

    /// What AuthConfig names the certificate as; `unknown` if AuthConfig is not known or names another.
    package enum Slot: String, Sendable, Hashable, Codable, CaseIterable {
        case current, previous, next, unknown
    }

    /// The server that holds the copy; empty for a copy the organization shares.
    package var server: String
    package var source: Source
    package var slot: Slot
    package var facts: CertificateFacts
    /// When it was last seen; earlier than the run if the document that contained it is no longer available.
    package var lastSeen: Date

    package init(server: String, source: Source, slot: Slot, facts: CertificateFacts, lastSeen: Date) {
        self.server = server
        self.source = source
        self.slot = slot
        self.facts = facts
        self.lastSeen = lastSeen
    }
}
