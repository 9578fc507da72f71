package import HealthManager

/// The one list of kinds that judge the organization: a new kind is a folder, and a line here.
package enum ShippedKinds {
    package static func all(_ services: KindServices) -> [any ProbeKind] {
        [
            PushConnectivityKind(services),
            CertificateExpiryKind(services),
            KeySizeKind(services),
            MetadataReachabilityKind(services),
            ThumbprintDriftKind(services),
        ]
    }
}
