import Concurrency
import Documents
import ExchangeExport
import FoundationEssentials
package import Monitoring
import Probing

/// Takes snapshots that are sent to the agent, and saves them where `snapshot` in `agent.yaml` says; the next runs use them.
package final class SnapshotDelivery: Sendable {
    private let manager: HealthManager
    private let queue = SerialQueue()

    /// In bytes.
    package static let sizeLimit = ExchangeSnapshot.sizeLimit

    package init(_ manager: HealthManager) { self.manager = manager }

    /// Saves a snapshot that is whole, of this organization, and newer than the one in place; deliveries are taken one at a time.
    /// - Throws: `invalid` if it is not, or if `snapshot` is not configured; `notKept` if the file cannot be written.
    package func take(_ bytes: [UInt8]) async throws(DecisionRefused) -> SnapshotReceipt {
        let organization = await manager.state.organization
        return try await queue.run { [now = manager.now] () async throws(DecisionRefused) in
            try Self.save(bytes, for: organization, at: now)
        }
    }

    private static func save(
        _ bytes: [UInt8], for organization: Organization, at now: Date
    ) throws(DecisionRefused) -> SnapshotReceipt {
        guard let file = organization.snapshot?.file else {
            throw DecisionRefused(.invalid, "'snapshot' is not in agent.yaml: the agent does not use one")
        }
        let snapshot: ExchangeSnapshot
        do throws(SnapshotUnreadable) { snapshot = try ExchangeSnapshot(bytes) } catch {
            throw DecisionRefused(.invalid, "the snapshot \(error)")
        }
        guard organization.isDescribed(by: snapshot) else {
            throw DecisionRefused(
                .invalid, "the snapshot is of organization '\(snapshot.organization.name)', none of whose domains is configured here")
        }
        guard snapshot.collectedAt <= now.addingTimeInterval(ExchangeSnapshot.clockTolerance) else {
            throw DecisionRefused(
                .invalid,
                "the snapshot was collected at \(snapshot.collectedAt.formatted(.iso8601)), which is in the future: compare the clocks")
        }
        // One in place that is of another organization, or from the future, may be replaced by any.
        if let present = SnapshotStore().read(file).snapshot, organization.isDescribed(by: present),
            present.collectedAt > snapshot.collectedAt,
            present.collectedAt <= now.addingTimeInterval(ExchangeSnapshot.clockTolerance)
        {
            throw DecisionRefused(
                .invalid,
                "the snapshot was collected at \(snapshot.collectedAt.formatted(.iso8601)), before the one in place (\(present.collectedAt.formatted(.iso8601)))"
            )
        }
        do throws(FileUnreadable) { try RegularFile.replace(file, with: bytes) } catch {
            throw DecisionRefused(.notKept, "the snapshot cannot be saved: \(error)")
        }
        return SnapshotReceipt(
            organization: snapshot.organization.name, collectedAt: snapshot.collectedAt, servers: snapshot.servers.count)
    }
}
