import FoundationEssentials
import TestSupport
import Testing

/// Two faults at once: the one that explains the other is named.
@Suite struct FaultPairTests {
    private struct Result: Decodable {
        var resultType: String
        var reason: String?
        var failedStage: String?
        var warnings: [Finding]

        struct Finding: Decodable { var stage: String }
    }

    private static let push = "PushNotifications.Proxy/PushNotificationsEnterpriseConnectivityProbe"

    /// The faults, the probe that is run, and what it says: result, reason, stage.
    private static let pairs: [(faults: [String], probe: String, told: [String])] = [
        (["auth-server-refused", "push-refused"], push, ["Failed", "connect_refused", "metadata"]),
        (["push-organization-empty", "push-refused"], push, ["Failed", "config_incomplete", "config"]),
        (["oauth-expired", "push-refuses-token"], push, ["Failed", "certificate_expired", "certificate"]),
        (["oauth-expired", "auth-server-malformed"], push, ["Failed", "certificate_expired", "certificate"]),
        (["token-key-unknown", "push-unavailable"], push, ["Failed", "token_key_unknown", "token"]),
        (["credential-open-to-others", "push-refused"], push, ["Rejected", "credential_unreadable", "token"]),
        (["auth-server-malformed", "token-refused"], push, ["Failed", "metadata_malformed", "metadata"]),
        (["snapshot-missing", "push-refused"], push, ["Failed", "connect_refused", "connect"]),
        // A server that is away, or behind a gateway, is never drift.
        (["metadata-refused", "drift-one-server"], "OAuth/ThumbprintDriftProbe", ["Rejected", "not_observed", "metadata"]),
        (["metadata-login-page", "drift-one-server"], "OAuth/ThumbprintDriftProbe", ["Rejected", "not_observed", "metadata"]),
        (["metadata-refused", "metadata-status-500"], "OAuth/MetadataReachabilityProbe", ["Failed", "connect_refused", "connect"]),
        (["metadata-tls-expired", "metadata-malformed"], "OAuth/MetadataReachabilityProbe", ["Failed", "certificate_expired", "tls"]),
        (
            ["metadata-url-wrong-tenant", "auth-server-refused"], "OAuth/MetadataReachabilityProbe",
            ["Failed", "metadata_url_mismatch", "config"]
        ),
        (
            ["protocol-gateway", "challenge-missing"], "Exchange/ProtocolHealthProbe",
            ["Rejected", "preauthentication_suspected", "endpoint"]
        ),
        (["protocol-gateway", "challenge-missing"], "OAuth/OAuthChallengeProbe", ["Failed", "challenge_missing", "endpoint"]),
        // What is seen to fail is said, whatever is not known.
        (
            ["metadata-refused", "oauth-expires-very-soon"], "OAuth/CertificateExpiryProbe",
            ["Failed", "certificate_expires_very_soon", "certificate"]
        ),
        (["snapshot-stale", "oauth-expired"], "OAuth/CertificateExpiryProbe", ["Failed", "certificate_expired", "certificate"]),
        (["snapshot-stale", "oauth-key-1024"], "OAuth/CertificateKeySizeProbe", ["Failed", "key_too_small", "certificate"]),
        (["next-overdue", "oauth-expires-soon"], "OAuth/CertificateRotationProbe", ["Failed", "rotation_overdue", "certificate"]),
        (["snapshot-cmdlet-denied", "tenant-key-missing"], "OAuth/TenantKeysProbe", ["Failed", "key_not_in_tenant", "compare"]),
        (["token-consent-missing", "tenant-key-missing"], "OAuth/TenantKeysProbe", ["Failed", "consent_missing", "token"]),
        (["graph-consent-missing", "tenant-keys-left"], "OAuth/TenantKeysProbe", ["Rejected", "consent_missing", "endpoint"]),
        (["discovery-malformed", "token-key-unknown"], "OAuth/TokenAcquisitionProbe", ["Failed", "metadata_malformed", "metadata"]),
        (
            ["credential-expires-soon", "token-application-unknown"], "OAuth/TokenAcquisitionProbe",
            ["Failed", "certificate_expires_very_soon", "config"]
        ),
        (
            ["hybrid-shared-principal", "tenant-application-missing"], "Exchange/HybridReadinessProbe",
            ["Failed", "shared_principal_blocked", "application"]
        ),
    ]

    @Test("of two faults at once, the cause is named first")
    func pairs() async throws {
        let site = try await AgentSite(servers: 2, hasSnapshotProbes: true)
        for pair in Self.pairs {
            for fault in pair.faults { #expect(try await site.fault("on", fault).status == 0) }
            let ended = try await site.agent(["invoke", pair.probe, "--output", "json"])
            let results = try JSONDecoder().decode([Result].self, from: Data(ended.output.utf8))
            // The first server has the faults of servers.
            let result = try #require(results.first, "\(pair) \(ended.errors)")
            let stage = result.failedStage ?? result.warnings.first?.stage
            #expect([result.resultType, result.reason, stage] == pair.told, "\(pair.faults) \(ended.output)")
            for fault in pair.faults { #expect(try await site.fault("off", fault).status == 0) }
        }
    }
}
