extension Fault {
    static let metadata = "OAuth/MetadataReachabilityProbe"
    static let expiry = "OAuth/CertificateExpiryProbe"
    static let keySize = "OAuth/CertificateKeySizeProbe"
    static let drift = "OAuth/ThumbprintDriftProbe"
    static let challenge = "OAuth/OAuthChallengeProbe"
    static let health = "Exchange/ProtocolHealthProbe"
    static let snapshot = "Exchange/SnapshotProbe"
    static let readiness = "Exchange/HybridReadinessProbe"
    static let rotation = "OAuth/CertificateRotationProbe"
    static let presence = "OAuth/CertificatePresenceProbe"
    static let acquisition = "OAuth/TokenAcquisitionProbe"
    static let tenant = "OAuth/TenantKeysProbe"
    static let push = "PushNotifications.Proxy/PushNotificationsEnterpriseConnectivityProbe"

    init(_ name: String, _ summary: String, _ effects: [Effect], _ expectations: [Expectation]) {
        self.name = name
        self.summary = summary
        self.effects = effects
        self.expectations = expectations
    }

    static func failed(_ probe: String, _ reason: String, _ stage: String, _ type: String = "Failed") -> Expectation {
        Expectation(probe: probe, resultType: type, reason: reason, stage: stage, isWarning: false)
    }

    static func warned(_ probe: String, _ reason: String, _ stage: String) -> Expectation {
        Expectation(probe: probe, resultType: "Succeeded", reason: reason, stage: stage, isWarning: true)
    }

    static func ofOrganization(_ expectation: Expectation) -> Expectation {
        var expectation = expectation
        expectation.isOfOrganization = true
        return expectation
    }

    /// All faults, ordered by the component that they break. Faults of a mailbox server affect only the first server.
    package static let all: [Fault] =
        network + metadataDocuments + protocols + authServer + certificates + copies + snapshots + rotations + hybrid + pushService + tokens
        + tenantDocuments + tenantKeys + mail + configuration

    /// The fault of this name, in any case; nil if there is none.
    package static func named(_ name: String) -> Fault? { all.first { $0.name == name.lowercased() } }

    private static let network: [Fault] = [
        Fault(
            "metadata-refused", "The first mailbox server refuses connections.", [.connection(.mailbox, .refused)],
            [failed(metadata, "connect_refused", "connect")]),
        Fault(
            "metadata-unanswered", "The first mailbox server does not answer connection attempts.", [.connection(.mailbox, .unanswered)],
            [failed(metadata, "connect_timeout", "connect", "Timeout")]),
        Fault(
            "metadata-silent", "The first mailbox server accepts connections and sends nothing.", [.connection(.mailbox, .silent)],
            [failed(metadata, "timeout", "tls", "Timeout")]),
        Fault(
            "metadata-reset", "The first mailbox server resets connections.", [.connection(.mailbox, .reset)],
            [failed(metadata, "connection_reset", "tls")]),
        Fault(
            "metadata-plain-http", "The first mailbox server speaks plain HTTP on its TLS port.", [.connection(.mailbox, .plainHTTP)],
            [failed(metadata, "tls_handshake_failed", "tls")]),
        Fault(
            "metadata-tls-expires-soon", "The first mailbox server's TLS certificate expires in ten days.",
            [.connection(.mailbox, .expiresSoon)], [warned(metadata, "certificate_expires_soon", "tls")]),
        Fault(
            "metadata-tls-expired", "The first mailbox server's TLS certificate has expired.", [.connection(.mailbox, .expired)],
            [failed(metadata, "certificate_expired", "tls")]),
        Fault(
            "metadata-tls-not-yet-valid", "The first mailbox server's TLS certificate is not yet valid.",
            [.connection(.mailbox, .notYetValid)], [failed(metadata, "certificate_not_yet_valid", "tls")]),
        Fault(
            "metadata-tls-untrusted", "The first mailbox server's TLS certificate has an unknown issuer.",
            [.connection(.mailbox, .untrusted)], [failed(metadata, "certificate_untrusted", "tls")]),
        Fault(
            "metadata-tls-wrong-name", "The first mailbox server's TLS certificate is for another name.",
            [.connection(.mailbox, .wrongName)], [failed(metadata, "certificate_name_mismatch", "tls")]),
    ]

    private static let protocols: [Fault] = [
        Fault(
            "protocol-unhealthy", "The first mailbox server considers its protocols unhealthy.", [.answer(.health, .status(503))],
            [failed(health, "endpoint_unavailable", "endpoint")]),
        Fault(
            "protocol-error-page", "The first mailbox server redirects health checks to errorFE.aspx.", [.answer(.health, .errorPage)],
            [failed(health, "endpoint_unavailable", "endpoint")]),
        Fault(
            "protocol-gateway", "A gateway redirects health checks of the first mailbox server.", [.answer(.health, .redirectElsewhere)],
            [failed(health, "preauthentication_suspected", "endpoint", "Rejected")]),
        Fault(
            "address-load-balanced", "Another server answers health checks at the first mailbox server's address.",
            [.answer(.health, .otherServer)], [failed(health, "address_is_load_balanced", "endpoint", "Rejected")]),
        Fault(
            "challenge-missing", "OAuth is disabled on the first mailbox server's virtual directories.",
            [.answer(.challenge, .noChallenge)], [failed(challenge, "challenge_missing", "endpoint")]),
        Fault(
            "challenge-wrong-tenant", "The first mailbox server trusts another tenant.", [.answer(.challenge, .wrongRealm)],
            [failed(challenge, "challenge_wrong_tenant", "endpoint")]),
    ]

    private static let metadataDocuments: [Fault] = [
        Fault(
            "metadata-status-500", "The first mailbox server answers metadata requests with 500.", [.answer(.mailbox, .status(500))],
            [failed(metadata, "http_status", "metadata")]),
        Fault(
            "metadata-redirect-elsewhere", "The first mailbox server redirects metadata requests to another host.",
            [.answer(.mailbox, .redirectElsewhere)], [failed(metadata, "preauthentication_suspected", "metadata", "Rejected")]),
        Fault(
            "metadata-login-page", "The first mailbox server answers metadata requests with a login page.", [.answer(.mailbox, .loginPage)],
            [failed(metadata, "preauthentication_suspected", "metadata", "Rejected")]),
        Fault(
            "metadata-unauthorized", "The first mailbox server answers metadata requests with 401.", [.answer(.mailbox, .unauthorizedPage)],
            [failed(metadata, "preauthentication_suspected", "metadata", "Rejected")]),
        Fault(
            "metadata-malformed", "The first mailbox server's metadata document is truncated.", [.answer(.mailbox, .malformed)],
            [failed(metadata, "metadata_malformed", "metadata")]),
        Fault(
            "metadata-no-keys", "The first mailbox server's metadata document contains no keys.", [.answer(.mailbox, .noKeys)],
            [
                failed(metadata, "metadata_no_keys", "metadata"), failed(expiry, "certificate_missing", "certificate"),
                failed(drift, "metadata_no_keys", "metadata"),
            ]),
        Fault(
            "metadata-endless", "The first mailbox server's metadata document never ends.", [.answer(.mailbox, .endless)],
            [failed(metadata, "http_too_large", "metadata")]),
        Fault(
            "metadata-slow", "The first mailbox server sends its metadata document one byte at a time.", [.answer(.mailbox, .slow)],
            [failed(metadata, "timeout", "metadata", "Timeout")]),
        Fault(
            "metadata-clock-skewed", "The first mailbox server's clock is ten minutes off.", [.answer(.mailbox, .clock(seconds: 600))],
            [failed(metadata, "clock_skew", "metadata")]),
        Fault(
            "metadata-clock-drifting", "The first mailbox server's clock is three minutes off.", [.answer(.mailbox, .clock(seconds: -180))],
            [warned(metadata, "clock_skew", "metadata")]),
    ]

    private static let authServer: [Fault] = [
        Fault(
            "auth-server-refused", "The auth server refuses connections.", [.connection(.authServer, .refused)],
            [failed(metadata, "connect_refused", "connect"), failed(push, "connect_refused", "metadata")]),
        Fault(
            "auth-server-not-found", "The auth server answers 404.", [.answer(.authServer, .status(404))],
            [failed(metadata, "http_status", "metadata")]),
        Fault(
            "auth-server-redirect", "The auth server redirects to another host.", [.answer(.authServer, .redirectElsewhere)],
            [failed(metadata, "http_redirect", "metadata")]),
        Fault(
            "auth-server-malformed", "The auth server's metadata document is truncated.", [.answer(.authServer, .malformed)],
            [failed(metadata, "metadata_malformed", "metadata"), failed(push, "metadata_malformed", "metadata")]),
        Fault(
            "auth-server-wrong-realm", "The auth server's metadata document is for another tenant.", [.answer(.authServer, .wrongRealm)],
            [failed(metadata, "metadata_wrong_realm", "metadata")]),
        Fault(
            "auth-server-no-token-endpoint", "The auth server's metadata document contains no token endpoint.",
            [.answer(.authServer, .noTokenEndpoint)], [failed(metadata, "metadata_no_token_endpoint", "metadata")]),
        Fault(
            "auth-server-no-keys", "The auth server's metadata document contains no keys.", [.answer(.authServer, .noKeys)],
            [failed(metadata, "metadata_no_keys", "metadata")]),
    ]

    private static let certificates: [Fault] = [
        Fault(
            "oauth-expires-soon", "The OAuth certificate expires in 45 days.", [.certificate(.expiresSoon)],
            [warned(expiry, "certificate_expires_soon", "certificate")]),
        Fault(
            "oauth-expires-very-soon", "The OAuth certificate expires in 20 days.", [.certificate(.expiresVerySoon)],
            [failed(expiry, "certificate_expires_very_soon", "certificate")]),
        Fault(
            "oauth-expired", "The OAuth certificate expired three days ago.", [.certificate(.expired)],
            [
                failed(expiry, "certificate_expired", "certificate"), failed(metadata, "certificate_expired", "metadata"),
                failed(push, "certificate_expired", "certificate"),
            ]),
        Fault(
            "oauth-not-yet-valid", "The OAuth certificate becomes valid in two days.", [.certificate(.notYetValid)],
            [failed(expiry, "certificate_not_yet_valid", "certificate"), failed(push, "certificate_not_yet_valid", "certificate")]),
        Fault(
            "oauth-key-1024", "The OAuth certificate has a 1024-bit key.", [.certificate(.key1024)],
            [failed(keySize, "key_too_small", "certificate")]),
        Fault(
            "oauth-sha1", "The OAuth certificate is signed with SHA-1.", [.certificate(.sha1)],
            [warned(keySize, "signature_weak", "certificate")]),
        Fault(
            "oauth-key-ec", "The OAuth certificate has an elliptic-curve key.", [.certificate(.ellipticCurve)],
            [failed(keySize, "key_type_unsupported", "certificate")]),
    ]

    private static let copies: [Fault] = [
        Fault(
            "drift-one-server", "The first mailbox server publishes another key.", [.answer(.mailbox, .otherKey)],
            [failed(drift, "thumbprint_drift", "compare")]),
        Fault(
            "drift-exported-file", "The exported file contains another certificate.", [.file(.exportedOther)],
            [failed(drift, "thumbprint_drift", "compare")]),
        Fault(
            "drift-settling", "The first mailbox server publishes another key, and driftSettling is 24 hours.",
            [.answer(.mailbox, .otherKey), .file(.settling)], [warned(drift, "thumbprint_settling", "compare")]),
        Fault(
            "drift-authconfig-outdated", "All servers and the exported file have a key that agent.yaml does not name.", [.rotated],
            [warned(drift, "authconfig_outdated", "compare")]),
        Fault(
            "exported-file-unreadable", "The exported file is not a certificate.", [.file(.exportedGarbage)],
            [failed(drift, "certificate_unreadable", "certificate")]),
    ]

    private static let pushService: [Fault] = [
        Fault(
            "push-refused", "The push service refuses connections.", [.connection(.push, .refused)],
            [failed(push, "connect_refused", "connect")]),
        Fault(
            "push-name-unknown", "The push service's name does not resolve.", [.file(.pushNameUnknown)],
            [failed(push, "dns_failed", "resolve")]),
        Fault(
            "push-tls-untrusted", "A TLS-inspecting proxy intercepts connections to the push service.", [.connection(.push, .untrusted)],
            [failed(push, "certificate_untrusted", "tls")]),
        Fault(
            "push-tls-wrong-name", "The push service's TLS certificate is for another name.", [.connection(.push, .wrongName)],
            [failed(push, "certificate_name_mismatch", "tls")]),
        Fault(
            "push-refuses-token", "The push service rejects the token.", [.answer(.push, .status(401))],
            [failed(push, "endpoint_refused_token", "endpoint")]),
        Fault(
            "push-throttled", "The push service answers 429.", [.answer(.push, .status(429))],
            [failed(push, "endpoint_throttled", "endpoint")]),
        Fault(
            "push-unavailable", "The push service answers 503.", [.answer(.push, .status(503))],
            [failed(push, "endpoint_unavailable", "endpoint")]),
        Fault(
            "push-redirect", "The push service redirects to another host.", [.answer(.push, .redirectElsewhere)],
            [failed(push, "http_redirect", "endpoint")]),
    ]

    private static let configuration: [Fault] = [
        Fault(
            "push-organization-empty", "pushProxy.organization is empty.", [.file(.pushOrganizationEmpty)],
            [failed(push, "config_incomplete", "config")]),
        Fault(
            "push-other-cloud", "pushProxy.uri is in another cloud than the auth server.", [.file(.pushOtherCloud)],
            [failed(push, "config_mismatch", "config")]),
        Fault(
            "metadata-url-wrong-tenant", "authServer.metadataUrl names another tenant.", [.file(.metadataOtherTenant)],
            [failed(metadata, "metadata_url_mismatch", "config")]),
        Fault(
            "nothing-visible", "Neither the servers' metadata documents nor an exported file is available.", [.file(.serverUnpublished)],
            [
                failed(drift, "not_observed", "metadata", "Rejected"), failed(expiry, "not_observed", "certificate", "Rejected"),
                failed(keySize, "not_observed", "certificate", "Rejected"),
            ]),
    ]
}
