import Documents
import HealthManager
import Logging
import ServiceLifecycle

/// Reloads the configuration when one of its files has another content than before.
struct AutoReload: Service {
    let files: [String]
    let every: Duration
    let changes: ChangeRequests

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var before = files.map(Self.content)
            while (try? await Task.sleep(for: every)) != nil {
                let now = files.map(Self.content)
                guard now != before else { continue }
                before = now
                // Problems are reported in the log, the metrics and the status page.
                try? await changes.reload()
            }
        }
    }

    /// Nil if it cannot be read.
    private static func content(_ path: String) -> [UInt8]? {
        do throws(FileUnreadable) { return try RegularFile.read(path, atMost: 16 << 20) } catch { return nil }
    }
}
