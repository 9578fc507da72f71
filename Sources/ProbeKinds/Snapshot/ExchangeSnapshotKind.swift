import Probing

/// `exchange-snapshot`: whether the snapshot of the organization is there, recent and complete.
struct ExchangeSnapshotKind: ProbeKind {
    static let name = "exchange-snapshot"
    static let collected = MetricDefinition(
        "exchange_snapshot_collected_timestamp_seconds", "When the snapshot of the organization was collected.", .shared)
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The snapshot is there, whole, of this organization, and not older than snapshot.maximumAge (26 h). While it is not, probes that depend on it cannot judge.",
            "Every configured server is in it and answered; every cmdlet was allowed. What is missing is a warning. SampleValue: the snapshot's age in hours.",
        ],
        stages: [.config],
        metrics: [ExchangeSnapshotKind.collected],
        reasons: .snapshot)

    func readOptions(_ reader: SettingsReader) {}

    func discover(_ options: Void, at place: Place) -> Discovery {
        guard let settings = place.organization.snapshot else { return KindServices.noSnapshot }
        return .probe(ExchangeSnapshotProbe(services: services, settings: settings, place: place))
    }
}
