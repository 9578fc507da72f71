import ExchangeExport
import FoundationEssentials
import Probing

/// Creates the probe of one run from the organization as it is described now, and from the snapshot; nil if there is none.
typealias SnapshotBasedMaker = @Sendable (Place, ExchangeSnapshot?) -> any Probe

/// A probe whose verdict depends on what Exchange says of itself: each run uses the organization as the current snapshot describes it. While
/// the snapshot is missing, stale or of another organization, a run uses what is configured, and cannot judge unless it finds a failure.
private struct SnapshotBasedProbe: Probe {
    let services: KindServices
    let settings: SnapshotSettings
    let place: Place
    let make: SnapshotBasedMaker

    func run(_ context: RunContext) async -> Outcome {
        let standing = services.standing(settings, of: place.organization, context)
        guard let doubt = standing.finding else {
            var current = place
            if let snapshot = standing.snapshot { current.organization = place.organization.applying(snapshot) }
            return await make(current, standing.snapshot).run(context)
        }
        // Nothing is asked of anybody because a snapshot says so that is not believed.
        var outcome = await make(place, nil).run(context)
        outcome.findings.insert(
            Finding(
                .unknown, stage: doubt.stage, reason: doubt.reason, sentence: "cannot judge: \(doubt.sentence)",
                cause: place.watcher(ExchangeSnapshotKind.self)), at: 0)
        return outcome
    }

    var turns: [Date] { make(place, services.snapshots.read(settings.file).snapshot).turns }

    func turns(with validity: Validity) -> [Date] { make(place, services.snapshots.read(settings.file).snapshot).turns(with: validity) }
}

extension KindServices {
    func standing(_ settings: SnapshotSettings, of organization: Organization, _ context: RunContext) -> SnapshotStanding {
        SnapshotStanding(snapshots.read(settings.file), settings, of: organization, now: context.time.now)
    }

    /// A probe that uses the snapshot if one is configured.
    func probe(at place: Place, _ make: @escaping SnapshotBasedMaker) -> Discovery {
        guard let settings = place.organization.snapshot else { return .probe(make(place, nil)) }
        return .probe(SnapshotBasedProbe(services: self, settings: settings, place: place, make: make))
    }

    /// A probe that judges nothing but the snapshot: not defined without one.
    func probeOfSnapshot(at place: Place, _ make: @escaping SnapshotBasedMaker) -> Discovery {
        place.organization.snapshot == nil ? Self.noSnapshot : probe(at: place, make)
    }

    static let noSnapshot = Discovery.notDefined(
        NotDefined(
            because: "no snapshot was configured",
            configured: "'snapshot' is not in agent.yaml: what only Exchange knows is not watched"))
}

extension [Reason] {
    /// Why a snapshot, or a part of it, cannot be judged.
    static let snapshot: [Reason] = [
        .snapshotMissing, .snapshotUnreadable, .snapshotStale, .snapshotWrongOrganization, .snapshotIncomplete, .clockSkew, .systemRefused,
    ]
}
