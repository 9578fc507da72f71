package import Probing

/// The list of kinds that check the organization. A new kind is a folder, and a line here.
package enum ShippedKinds {
    /// Creates all kinds; their probes share the services.
    package static func all(_ services: KindServices) -> [any ProbeKind] {
        [
            PushConnectivityKind(services),
            CertificateExpiryKind(services),
            KeySizeKind(services),
            MetadataReachabilityKind(services),
            ThumbprintDriftKind(services),
            ProtocolHealthKind(services),
            OAuthChallengeKind(services),
            ExchangeSnapshotKind(services),
            CertificateRotationKind(services),
            CertificatePresenceKind(services),
            HybridReadinessKind(services),
            TenantKeysKind(services),
            TokenAcquisitionKind(services),
            MailFlowKind(services),
            FileAgeKind(),
        ]
    }
}
