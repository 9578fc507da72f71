import Concurrency
import FoundationEssentials
import HealthManager
import Monitoring
import Synchronization

/// Computes forecasts for clients, each of which runs probes: few at once, and none for a client that has left.
final class ForecastGate: Sendable {
    private static let mostRunning = 2

    private let running = Mutex(0)

    /// - Returns: nil if as many as are allowed are being computed.
    func forecast(_ manager: HealthManager, until end: Date?, for client: Abandonment?) async -> Forecast? {
        let isAllowed = running.withLock { running in
            guard running < Self.mostRunning else { return false }
            running += 1
            return true
        }
        guard isAllowed else { return nil }
        defer { running.withLock { $0 -= 1 } }
        let task = Task { await Forecaster(manager).forecast(until: end) }
        client?.onAbandon { task.cancel() }
        defer { client?.onAbandon(nil) }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
