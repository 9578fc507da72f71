package import HealthManager
import Transfers

/// The one list of kinds that are aimed at targets: a new kind is a folder, and a line here.
package enum TargetKinds {
    package static func all(_ services: TargetServices) -> [any ProbeKind] {
        [
            HTTPKind(services), TCPKind(services), DNSKind(services), ICMPKind(services), UnixKind(services), GRPCKind(services),
            WebSocketKind(services),
        ]
    }
}
