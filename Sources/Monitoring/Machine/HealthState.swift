/// The states of a monitor and of a health set, with Exchange's names. The numbers are those of the metrics.
package enum HealthState: Int, Sendable, Hashable, CaseIterable, Codable {
    case healthy = 0
    /// An episode has begun, but is shorter than `degradedFor`: it may still pass.
    case degraded = 1
    case unhealthy = 2
    /// An administrator has acknowledged the episode (`agent acknowledge`).
    case repairing = 3
    case disabled = 4
    /// No run has been able to judge since the cache was last cleared.
    case unknown = 5

    package static let worstFirst: [HealthState] = [.unhealthy, .degraded, .repairing, .unknown, .healthy, .disabled]

    /// For display: `Healthy`.
    package var name: String {
        switch self {
        case .healthy: "Healthy"
        case .degraded: "Degraded"
        case .unhealthy: "Unhealthy"
        case .repairing: "Repairing"
        case .disabled: "Disabled"
        case .unknown: "Unknown"
        }
    }

    /// Position in `worstFirst`; 0 is the worst.
    package var rank: Int { Self.worstFirst.firstIndex(of: self) ?? 0 }

    /// Whether the state means that an episode is open.
    package var isEpisode: Bool { [.degraded, .unhealthy, .repairing].contains(self) }

    /// The worst of the states; nil if there are none.
    package static func worst(_ states: some Sequence<HealthState>) -> HealthState? { states.min { $0.rank < $1.rank } }
}
