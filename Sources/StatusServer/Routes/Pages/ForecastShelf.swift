import Concurrency
import FoundationEssentials
import HealthManager
import Monitoring
import Synchronization

/// Keeps the latest forecast for a while: each one runs probes.
final class ForecastShelf: Sendable {
    private static let keptFor = 300.0

    private let gate = ForecastGate()
    private let latest = Mutex<Forecast?>(nil)

    /// The forecast of the default period, at most five minutes old.
    /// - Returns: nil if as many as are allowed are being computed.
    func forecast(_ manager: HealthManager, for client: Abandonment?) async -> Forecast? {
        let now = manager.now
        if let kept = latest.withLock(\.self), abs(now.timeIntervalSince(kept.generated)) < Self.keptFor { return kept }
        let forecast = await gate.forecast(manager, until: nil, for: client)
        if let forecast { latest.withLock { $0 = forecast } }
        return forecast
    }
}
