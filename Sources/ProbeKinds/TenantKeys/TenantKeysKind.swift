import Outbound
import Probing

/// `tenant-keys`: whether the tenant holds the OAuth certificate that Exchange signs with.
struct TenantKeysKind: ProbeKind {
    static let name = "tenant-keys"
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "token: the agent's own credential (tenant.credential, otherwise that of pushProxy.token) gets a token for Microsoft Graph.",
            "endpoint: the dedicated application's keys are read (hybridApp.applicationId, the snapshot's AuthServer of type AzureAD, otherwise the application named ExchangeServerApp-...), and those of the shared service principal. Where no feature in use needs an application, the latter must have the key.",
            "compare: AuthConfig's current certificate is among them, with the certificate's dates, and the next one before its effective date. Keys left on the shared principal are a warning. Permission needed: Application.Read.All.",
        ],
        stages: TenantKeysProbe.stages,
        reasons: [
            .keyNotInTenant, .tenantKeyDatesDiffer, .sharedPrincipalKeysLeft, .configIncomplete, .notObserved, .endpointRefusedToken,
        ] + .token + [.dnsFailed] + .connection + .proxy + .tls + .http + .snapshot)

    func readOptions(_ reader: SettingsReader) {}

    func discover(_ options: Void, at place: Place) -> Discovery {
        guard place.organization.graphCredential != nil else {
            return .notDefined(
                NotDefined(
                    because: "no credential for the tenant was configured",
                    configured: "tenant.credential is not in agent.yaml: whether the tenant has the OAuth certificate is not checked"))
        }
        return services.probe(at: place) { [services] place, snapshot in
            TenantKeysProbe(
                place: place, copies: services.copies(at: place, snapshot: snapshot), path: services.path(place.organization),
                snapshot: snapshot)
        }
    }
}
