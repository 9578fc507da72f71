extension Reason {
    /// The texts of reasons that concern the tenant and hybrid readiness: sentence and remedy.
    static let tenant: [Reason: (sentence: String, remedy: String)] = [
        .applicationUnknown: (
            "The tenant does not have the application.",
            "The agent's own application: compare the clientId that the error names with the tenant's app registrations (Entra admin center, App registrations), and check that it is in this tenant. The dedicated application of Exchange: run ConfigureExchangeHybridApplication.ps1 -CreateApplication, or the Hybrid Configuration Wizard."
        ),
        .tenantUnknown: (
            "The tenant does not exist in this cloud.",
            "Compare tenant.id, organization and cloud in agent.yaml with the overview page of the Entra admin center."
        ),
        .consentMissing: (
            "The agent's application does not have the permission that the request needs.",
            "In the Entra admin center, App registrations, the agent's application, API permissions: add the application permission that 'agent explain PROBE' names (Application.Read.All to read keys), then 'Grant admin consent'."
        ),
        .conditionalAccess: (
            "A conditional access policy blocks the agent's application.",
            "Entra admin center, Sign-in logs, Service principal sign-ins: the entry shows the policy. Exclude the agent's application from it, or allow its address."
        ),
        .keyNotInTenant: (
            "The tenant does not have the certificate that Exchange signs with, or will sign with: its tokens are refused.",
            "With a dedicated application: .\\ConfigureExchangeHybridApplication.ps1 -UpdateCertificate (uploads the current and the next certificate). It takes up to a few hours until it is in use everywhere."
        ),
        .tenantKeyDatesDiffer: (
            "The key in the tenant is valid for other dates than its certificate.",
            "Upload the certificate again with .\\ConfigureExchangeHybridApplication.ps1 -UpdateCertificate: it takes the dates from the certificate, in UTC."
        ),
        .sharedPrincipalKeysLeft: (
            "Keys of Exchange are left on the service principal that all organizations shared.",
            "Once the dedicated application is in use: .\\ConfigureExchangeHybridApplication.ps1 -ResetFirstPartyServicePrincipalKeyCredentials. Repeat it after each run of the Hybrid Configuration Wizard, which puts them back."
        ),
        .sharedPrincipalBlocked: (
            "Hybrid calls use the service principal that all organizations shared, which Exchange Online refuses.",
            "Create the dedicated application and turn it on: .\\ConfigureExchangeHybridApplication.ps1 -FullyConfigureExchangeHybridApplication, on an Exchange server."
        ),
        .overrideMissing: (
            "The dedicated application exists, but no setting override turns it on.",
            "New-SettingOverride -Name EnableExchangeHybrid3PAppFeature -Component Global -Section ExchangeOnpremAsThirdPartyAppId -Parameters @('Enabled=true') -Reason 'dedicated application', then Get-ExchangeDiagnosticInfo -Process Microsoft.Exchange.Directory.TopologyService -Component VariantConfiguration -Argument Refresh on each server. The Hybrid Configuration Wizard does not do it."
        ),
        .overrideDoubled: (
            "Several setting overrides turn the dedicated application on: which one is in force is not certain.",
            "List them with Get-SettingOverride, and remove all but one with Remove-SettingOverride."
        ),
        .ewsBlocked: (
            "The tenant does not allow EWS for the dedicated application.",
            "In Exchange Online PowerShell: Set-OrganizationConfig -EwsEnabled $true, and add the application's ID to EwsAllowedAppIDs; then write both under exchangeOnline in agent.yaml."
        ),
        .graphRouteMissing: (
            "EWS in Exchange Online ends, and hybrid calls do not use Microsoft Graph yet.",
            "Update the servers to a build that has the Graph route, grant the dedicated application the permissions that exchange/known-dates.yaml lists, and turn the route on with a setting override (New-SettingOverride, RouteThroughMSGraph; see Microsoft's page on the Graph route for its component and section)."
        ),
        .buildTooOld: (
            "A server's build does not have what is turned on.",
            "Install the latest update of Exchange Subscription Edition on the servers that the error names; Exchange 2016 and 2019 do not get it."
        ),
    ]
}
