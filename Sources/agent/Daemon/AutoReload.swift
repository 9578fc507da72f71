import Documents
import HealthManager
import Logging
import ServiceLifecycle

/// Reloads the configuration when one of its files has another content than before.
struct AutoReload: Service {
    private let files: [String]
    private let every: Duration
    private let first: [[UInt8]?]
    private let changes: ChangeRequests

    /// - Parameter first: what `contents` was before the configuration was read.
    init(_ files: [String], first: [[UInt8]?], every: Duration, changes: ChangeRequests) {
        (self.files, self.first, self.every, self.changes) = (files, first, every, changes)
    }

    /// Of each file; nil for one that cannot be read.
    static func contents(_ files: [String]) -> [[UInt8]?] { files.map(content) }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var before = first
            while (try? await Task.sleep(for: every)) != nil {
                let now = Self.contents(files)
                guard now != before else { continue }
                before = now
                // Problems are reported in the log, the metrics and the status page.
                try? await changes.reload()
            }
        }
    }

    private static func content(_ path: String) -> [UInt8]? {
        do throws(FileUnreadable) { return try RegularFile.read(path, atMost: 16 << 20) } catch { return nil }
    }
}
