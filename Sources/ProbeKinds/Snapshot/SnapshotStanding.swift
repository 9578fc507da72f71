import ExchangeExport
import FoundationEssentials
import Probing

/// The snapshot of an organization as it is now, and whether verdicts may depend on it. Pure.
struct SnapshotStanding: Sendable {
    /// The snapshot to apply; nil if there is none, or if it is of another organization.
    let snapshot: ExchangeSnapshot?
    /// Why verdicts must not depend on it; nil if they may.
    let finding: Finding?

    /// - Parameter now: the date of this machine, not one that a forecast supposes.
    init(_ reading: SnapshotStore.Reading, _ settings: SnapshotSettings, of organization: Organization, now: Date) {
        if let found = reading.snapshot, !organization.isDescribed(by: found) {
            snapshot = nil
            finding = Self.failure(
                .snapshotWrongOrganization,
                "\(settings.file) is of organization '\(found.organization.name)' with the domains \((found.organization.domains ?? []).joined(separator: ", ")): neither 'organization' nor 'tenant.domains' in agent.yaml is one of them"
            )
            return
        }
        snapshot = reading.snapshot
        finding =
            reading.problem.map(Self.finding) ?? reading.snapshot.flatMap { Self.finding($0, settings, now: now) }
    }

    private static func finding(_ problem: SnapshotStore.Problem) -> Finding {
        switch problem {
        case .missing(let sentence): failure(.snapshotMissing, sentence)
        case .unreadable(let sentence): failure(.snapshotUnreadable, sentence)
        case .systemLimit(let sentence): Finding(.unknown, stage: .config, reason: .systemRefused, sentence: sentence)
        }
    }

    private static func finding(_ snapshot: ExchangeSnapshot, _ settings: SnapshotSettings, now: Date) -> Finding? {
        let age = now.timeIntervalSince(snapshot.collectedAt)
        let collected = "\(settings.file) was collected at \(snapshot.collectedAt.formatted(.iso8601))"
        if age < -ExchangeSnapshot.clockTolerance {
            return failure(
                .clockSkew,
                "\(collected), which is in the future: its age is not known; compare the clock of \(snapshot.collectedBy ?? "the server") with this one"
            )
        }
        guard age > settings.maximumAge.seconds else { return nil }
        return failure(
            .snapshotStale,
            "\(collected), \(DurationText.format(.seconds((age / 3600).rounded() * 3600))) ago; at most \(DurationText.format(settings.maximumAge)) is accepted"
        )
    }

    private static func failure(_ reason: Reason, _ sentence: String) -> Finding {
        Finding(.failure, stage: .config, reason: reason, sentence: sentence)
    }
}
