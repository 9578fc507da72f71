/// Faults of the tenant: its tokens, its documents and the keys it has.
extension Fault {
    static let tokens: [Fault] = [
        Fault(
            "token-key-unknown", "The tenant does not know the agent's key.",
            [.answer(.tokenEndpoint, .tokenError("invalid_client", "AADSTS700027"))],
            [failed(push, "token_key_unknown", "token")]),
        Fault(
            "token-refused", "The tenant has disabled the agent's application.",
            [.answer(.tokenEndpoint, .tokenError("unauthorized_client", "AADSTS7000112"))], [failed(push, "token_refused", "token")]),
        Fault(
            "token-application-unknown", "The tenant does not have the agent's application.",
            [.answer(.tokenEndpoint, .tokenError("unauthorized_client", "AADSTS700016"))],
            [failed(push, "application_unknown", "token"), ofOrganization(failed(acquisition, "application_unknown", "token"))]),
        Fault(
            "token-tenant-unknown", "The token endpoint does not know the tenant.",
            [.answer(.tokenEndpoint, .tokenError("invalid_request", "AADSTS90002"))],
            [failed(push, "tenant_unknown", "token"), ofOrganization(failed(acquisition, "tenant_unknown", "token"))]),
        Fault(
            "token-consent-missing", "The agent's application has no consent for the push service.",
            [.answer(.tokenEndpoint, .tokenError("invalid_grant", "AADSTS65001"))],
            [failed(push, "consent_missing", "token"), ofOrganization(failed(acquisition, "consent_missing", "token"))]),
        Fault(
            "token-conditional-access", "A conditional access policy blocks the agent's application.",
            [.answer(.tokenEndpoint, .tokenError("access_denied", "AADSTS53003"))],
            [failed(push, "conditional_access", "token"), ofOrganization(failed(acquisition, "conditional_access", "token"))]),
        Fault(
            "token-throttled", "The token endpoint has received too many requests.",
            [.answer(.tokenEndpoint, .tokenError("temporarily_unavailable", "AADSTS50196"))],
            [failed(push, "endpoint_throttled", "token"), ofOrganization(failed(acquisition, "endpoint_throttled", "token"))]),
        Fault(
            "token-clock", "The token endpoint finds the assertion outside its validity period.",
            [.answer(.tokenEndpoint, .tokenError("invalid_client", "AADSTS700024"))],
            [failed(push, "clock_skew", "token"), ofOrganization(failed(acquisition, "clock_skew", "token"))]),
        Fault(
            "token-malformed", "The token endpoint's response contains no token.", [.answer(.tokenEndpoint, .noToken)],
            [failed(push, "token_malformed", "token")]),
        Fault(
            "token-endpoint-refused", "The token endpoint refuses connections.", [.connection(.tokenEndpoint, .refused)],
            [failed(push, "connect_refused", "token")]),
        Fault(
            "credential-open-to-others", "The agent's key file is readable by all users.", [.file(.keyOpen)],
            [failed(push, "credential_unreadable", "token", "Rejected")]),
    ]

    static let tenantDocuments: [Fault] = [
        Fault(
            "discovery-malformed", "The tenant's discovery document is truncated.", [.answer(.discovery, .malformed)],
            [ofOrganization(failed(acquisition, "metadata_malformed", "metadata"))]),
        Fault(
            "discovery-wrong-tenant", "The discovery document is of another tenant.", [.answer(.discovery, .wrongRealm)],
            [ofOrganization(failed(acquisition, "metadata_wrong_realm", "metadata"))]),
        Fault(
            "discovery-no-token-endpoint", "The discovery document contains no token endpoint.", [.answer(.discovery, .noTokenEndpoint)],
            [ofOrganization(failed(acquisition, "metadata_no_token_endpoint", "metadata"))]),
        Fault(
            "key-set-empty", "The tenant's key set contains no keys.", [.answer(.keySet, .noKeys)],
            [ofOrganization(failed(acquisition, "metadata_no_keys", "metadata"))]),
        Fault(
            "federation-malformed", "The tenant's federation metadata is truncated.", [.answer(.federation, .malformed)],
            [ofOrganization(failed(acquisition, "metadata_malformed", "metadata"))]),
        Fault(
            "federation-expired", "All certificates of the tenant's federation metadata have expired.",
            [.answer(.federation, .expiredKeys)], [ofOrganization(failed(acquisition, "certificate_expired", "metadata"))]),
        Fault(
            "login-gateway", "A captive portal answers in place of the tenant's discovery document.", [.answer(.discovery, .loginPage)],
            [ofOrganization(failed(acquisition, "metadata_malformed", "metadata"))]),
        Fault(
            "credential-expires-soon", "The agent's own certificate expires in 20 days.", [.file(.credentialExpiring)],
            [ofOrganization(failed(acquisition, "certificate_expires_very_soon", "config"))]),
    ]

    static let tenantKeys: [Fault] = [
        Fault(
            "tenant-key-missing", "The tenant's application has another key than AuthConfig names.", [.answer(.graph, .keyUnknown)],
            [ofOrganization(failed(tenant, "key_not_in_tenant", "compare"))]),
        Fault(
            "tenant-key-dates", "The key in the tenant has dates in local time instead of UTC.", [.answer(.graph, .otherDates)],
            [ofOrganization(warned(tenant, "tenant_key_dates_differ", "compare"))]),
        Fault(
            "tenant-keys-left", "The shared service principal still has a key of Exchange.", [.answer(.graph, .keysLeft)],
            [ofOrganization(warned(tenant, "shared_principal_keys_left", "compare"))]),
        Fault(
            "tenant-application-missing", "The tenant does not have the dedicated application.", [.answer(.graph, .noApplication)],
            [ofOrganization(failed(tenant, "application_unknown", "endpoint"))]),
        Fault(
            "graph-consent-missing", "The agent's application may not read applications.", [.answer(.graph, .consentMissing)],
            [ofOrganization(failed(tenant, "consent_missing", "endpoint", "Rejected"))]),
        Fault(
            "graph-throttled", "Microsoft Graph asks to wait two minutes.", [.answer(.graph, .throttled)],
            [ofOrganization(failed(tenant, "endpoint_throttled", "endpoint", "Rejected"))]),
        Fault(
            "graph-refused", "Microsoft Graph refuses connections.", [.connection(.graph, .refused)],
            [ofOrganization(failed(tenant, "connect_refused", "endpoint"))]),
    ]
}
