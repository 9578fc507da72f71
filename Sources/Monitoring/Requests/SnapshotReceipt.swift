package import FoundationEssentials

/// The response to a snapshot that was delivered and saved.
package struct SnapshotReceipt: Codable, Sendable {
    /// The organization's name as the snapshot gives it.
    package var organization: String
    package var collectedAt: Date
    /// The number of servers in it.
    package var servers: Int

    package init(organization: String, collectedAt: Date, servers: Int) {
        self.organization = organization
        self.collectedAt = collectedAt
        self.servers = servers
    }
}
