package import Probing
import Transfers

/// The list of kinds that probe targets. A new kind is a folder, and a line here.
package enum TargetKinds {
    /// Creates all kinds; their probes share the services.
    package static func all(_ services: TargetServices) -> [any ProbeKind] {
        [
            HTTPKind(services), TCPKind(services), DNSKind(services), ICMPKind(services), UnixKind(services), GRPCKind(services),
            WebSocketKind(services), TLSKind(services), CertificateFileKind(services), CertificateURLKind(services),
            CertificateExpiryKind(services),
            KeySizeKind(services), ThumbprintDriftKind(services), DomainExpiryKind(services),
        ]
    }
}
