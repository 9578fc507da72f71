package import HealthManager

/// The one list of kinds: a new kind is a folder, and a line here.
package enum ShippedKinds {
    package static func catalog(_ services: KindServices) -> KindCatalog {
        KindCatalog([
            PushConnectivityKind(services),
            CertificateExpiryKind(services),
            KeySizeKind(services),
            MetadataReachabilityKind(services),
            ThumbprintDriftKind(services),
        ])
    }
}
