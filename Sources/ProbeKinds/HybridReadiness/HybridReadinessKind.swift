import Probing

/// `hybrid-readiness`: whether the organization's hybrid calls are set up for what Exchange Online accepts, now and on the announced dates.
struct HybridReadinessKind: ProbeKind {
    static let name = "hybrid-readiness"
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "features: free/busy, mail tips or photos are in use (HybridConfiguration); otherwise nothing more is needed.",
            "application, override: an enabled AuthServer of type AzureAD names the tenant's dedicated application, and exactly one setting override of the section ExchangeOnpremAsThirdPartyAppId turns it on.",
            "ews: once Exchange Online restricts EWS, the tenant allows it for the dedicated application (exchangeOnline in agent.yaml says so, from Get-OrganizationConfig of Exchange Online).",
            "graph: the Graph route is on, and every server's build has it, before EWS ends. The dates, builds and permissions are in exchange/known-dates.yaml, and 'agent forecast' shows what each date changes. Needs 'snapshot'. Whether the tenant has the key is TenantKeysProbe's.",
        ],
        stages: HybridReadinessProbe.stages,
        reasons: [
            .sharedPrincipalBlocked, .overrideMissing, .overrideDoubled, .configMismatch, .ewsBlocked, .graphRouteMissing, .buildTooOld,
        ] + .snapshot)

    func readOptions(_ reader: SettingsReader) {}

    func discover(_ options: Void, at place: Place) -> Discovery {
        services.probeOfSnapshot(at: place) { place, snapshot in HybridReadinessProbe(place: place, snapshot: snapshot) }
    }
}
