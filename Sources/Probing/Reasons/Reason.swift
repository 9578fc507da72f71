/// Why a result is not a success without warnings. The list is closed: metrics, JSON, alerts and `agent explain` depend on these names.
///
/// `sentence` says what each reason means and `remedy` what to do about it.
package enum Reason: String, Sendable, Hashable, Codable, CaseIterable {
    // configuration
    case configIncomplete = "config_incomplete"
    case configMismatch = "config_mismatch"
    case snapshotMissing = "snapshot_missing"
    case snapshotStale = "snapshot_stale"
    case snapshotUnreadable = "snapshot_unreadable"
    case snapshotWrongOrganization = "snapshot_wrong_organization"
    case snapshotIncomplete = "snapshot_incomplete"
    case credentialUnreadable = "credential_unreadable"
    // network
    case dnsFailed = "dns_failed"
    case connectRefused = "connect_refused"
    case connectTimeout = "connect_timeout"
    case networkUnreachable = "network_unreachable"
    case connectionReset = "connection_reset"
    case timeout
    case proxyRefused = "proxy_refused"
    case proxyAuthentication = "proxy_authentication"
    // TLS
    case tlsHandshakeFailed = "tls_handshake_failed"
    case clientCertificateRequired = "client_certificate_required"
    case renegotiationInsecure = "renegotiation_insecure"
    case certificateUntrusted = "certificate_untrusted"
    case certificateNameMismatch = "certificate_name_mismatch"
    case certificateRevoked = "certificate_revoked"
    // certificate
    case certificateExpired = "certificate_expired"
    case certificateNotYetValid = "certificate_not_yet_valid"
    case certificateExpiresSoon = "certificate_expires_soon"
    case certificateExpiresVerySoon = "certificate_expires_very_soon"
    case certificateMissing = "certificate_missing"
    case certificateUnreadable = "certificate_unreadable"
    case privateKeyMissing = "private_key_missing"
    case privateKeyMismatch = "private_key_mismatch"
    case serviceWithoutCertificate = "service_without_certificate"
    case keyTooSmall = "key_too_small"
    case keyTypeUnsupported = "key_type_unsupported"
    case signatureWeak = "signature_weak"
    case lifetimeTooLong = "lifetime_too_long"
    case pinMismatch = "pin_mismatch"
    case crlMissing = "crl_missing"
    case crlStale = "crl_stale"
    case stapleMissing = "staple_missing"
    case stapleUnusable = "staple_unusable"
    case revocationUnknown = "revocation_unknown"
    // drift and rotation
    case thumbprintDrift = "thumbprint_drift"
    case thumbprintSettling = "thumbprint_settling"
    case authconfigOutdated = "authconfig_outdated"
    case rotationOverdue = "rotation_overdue"
    case rotationTooLate = "rotation_too_late"
    case rotationSameCertificate = "rotation_same_certificate"
    case rotationMissing = "rotation_missing"
    case rotationEndsEarlier = "rotation_ends_earlier"
    // hybrid readiness
    case sharedPrincipalBlocked = "shared_principal_blocked"
    case overrideMissing = "override_missing"
    case overrideDoubled = "override_doubled"
    case ewsBlocked = "ews_blocked"
    case graphRouteMissing = "graph_route_missing"
    case buildTooOld = "build_too_old"
    // metadata
    case metadataURLMismatch = "metadata_url_mismatch"
    case metadataMalformed = "metadata_malformed"
    case metadataNoKeys = "metadata_no_keys"
    case metadataWrongRealm = "metadata_wrong_realm"
    case metadataNoTokenEndpoint = "metadata_no_token_endpoint"
    // HTTP
    case httpStatus = "http_status"
    case httpRedirect = "http_redirect"
    case httpTooLarge = "http_too_large"
    case httpMalformed = "http_malformed"
    // token
    case tokenRefused = "token_refused"
    case tokenKeyUnknown = "token_key_unknown"
    case tokenMalformed = "token_malformed"
    case applicationUnknown = "application_unknown"
    case tenantUnknown = "tenant_unknown"
    case consentMissing = "consent_missing"
    case conditionalAccess = "conditional_access"
    // tenant
    case keyNotInTenant = "key_not_in_tenant"
    case tenantKeyDatesDiffer = "tenant_key_dates_differ"
    case sharedPrincipalKeysLeft = "shared_principal_keys_left"
    // endpoint
    case challengeMissing = "challenge_missing"
    case challengeWrongTenant = "challenge_wrong_tenant"
    case endpointRefusedToken = "endpoint_refused_token"
    case endpointThrottled = "endpoint_throttled"
    case endpointUnavailable = "endpoint_unavailable"
    // login
    case loginRefused = "login_refused"
    case kerberosFailed = "kerberos_failed"
    // mail
    case startTLSMissing = "starttls_missing"
    case mailRefused = "mail_refused"
    case mailMalformed = "mail_malformed"
    case mailNotDelivered = "mail_not_delivered"
    case mailNotUnseen = "mail_not_unseen"
    // targets
    case answerUnexpected = "answer_unexpected"
    case dnsRcode = "dns_rcode"
    case healthNotServing = "health_not_serving"
    case targetForbidden = "target_forbidden"
    case targetInvalid = "target_invalid"
    case systemRefused = "system_refused"
    // domains
    case domainExpired = "domain_expired"
    case domainExpiresSoon = "domain_expires_soon"
    case domainExpiresVerySoon = "domain_expires_very_soon"
    case domainMissing = "domain_missing"
    // clock
    case clockSkew = "clock_skew"
    // could not judge
    case notObserved = "not_observed"
    case preauthenticationSuspected = "preauthentication_suspected"
    case addressIsLoadBalanced = "address_is_load_balanced"
    // the run itself
    case probePoisoned = "probe_poisoned"
    case probeQuarantined = "probe_quarantined"

    /// Whether the peer was not reached, or the run did not complete.
    package var isOfTheNetwork: Bool {
        switch self {
        case .dnsFailed, .connectRefused, .connectTimeout, .networkUnreachable, .connectionReset, .timeout, .proxyRefused,
            .proxyAuthentication, .tlsHandshakeFailed, .clientCertificateRequired, .probePoisoned, .probeQuarantined:
            true
        default: false
        }
    }
}
