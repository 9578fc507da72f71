import Concurrency
import Dispatch
package import Logging
package import Monitoring
package import Probing
import ServiceLifecycle
import Synchronization

/// The web configuration in force. Its file, and those that it names, are read again every second; while they cannot be used, the previous
/// configuration remains.
///
/// Whether there is TLS, whether there are users, and the rate limit change at the next start only, and less is asked of clients'
/// certificates at a start only: a listener never becomes open because of a file.
package final class WebConfiguration: Service {
    /// What one request or connection is served with.
    struct Current: Sendable {
        var settings: WebSettings
        var tls: ServerTLS?
    }

    /// For `/metrics`.
    package struct Facts: Sendable {
        /// Whether the files could be used when they were last read.
        package var isLastReadUsable = true
    }

    private struct State {
        var current: Current
        var facts = Facts()
    }

    private let read: @Sendable () throws(ConfigurationRefused) -> WebSettings
    private let logger: Logger
    private let state: Mutex<State>
    let limit: RequestLimit?
    let passwords = PasswordVerifier()

    /// - Parameter read: reads the files; may block.
    /// - Throws: if they cannot be used now.
    package init(read: @escaping @Sendable () throws(ConfigurationRefused) -> WebSettings, logger: Logger) throws(ConfigurationRefused) {
        self.read = read
        self.logger = logger
        let settings = try read()
        state = Mutex(State(current: try Self.current(settings)))
        limit = settings.rateLimit.map { RequestLimit($0) }
        if settings.tls == nil, !settings.users.isEmpty {
            logger.warning("passwords are sent without TLS: set 'tls_server_config' in the web configuration")
        }
    }

    /// Checks what `init` would refuse.
    package static func check(_ settings: WebSettings) throws(ConfigurationRefused) { _ = try current(settings) }

    private static func current(_ settings: WebSettings) throws(ConfigurationRefused) -> Current {
        do throws(ServerTLS.Unusable) {
            guard let tls = settings.tls else { return Current(settings: settings) }
            return Current(settings: settings, tls: try ServerTLS(tls))
        } catch {
            throw ConfigurationRefused([Diagnostic(.error, at: SourceLocation(path: settings.path), error.description)])
        }
    }

    var current: Current { state.withLock(\.current) }
    package var facts: Facts { state.withLock(\.facts) }

    /// Reads the files again and again, on a thread of its own, until the service group shuts down.
    package func run() async throws {
        let end = DispatchSemaphore(value: 0)
        let code = BackgroundThread.start("web-config") { [self] in
            var refusal = ""
            while end.wait(timeout: .now() + .seconds(1)) == .timedOut { renew(&refusal) }
        }
        if code != 0 { logger.warning("the web configuration will not be read again: the system allows no further thread") }
        try? await gracefulShutdown()
        end.signal()
    }

    /// What changes at a start only; nil if nothing of it changes.
    private static func weakened(_ before: WebSettings, _ after: WebSettings) -> String? {
        if (before.tls == nil) != (after.tls == nil) { return "TLS is turned on or off" }
        if !before.users.isEmpty, after.users.isEmpty { return "logins are turned off" }
        guard let old = before.tls, let new = after.tls else { return nil }
        let demands = WebSettings.TLS.ClientAuthentication.allCases
        let isWeaker = (demands.firstIndex(of: new.clientAuthentication) ?? 0) < (demands.firstIndex(of: old.clientAuthentication) ?? 0)
        return isWeaker || old.allowedClientNames != nil && new.allowedClientNames == nil ? "less is asked of clients' certificates" : nil
    }

    /// - Parameter refusal: what was last reported, to report it once.
    private func renew(_ refusal: inout String) {
        do throws(ConfigurationRefused) {
            let settings = try read()
            let before = current.settings
            var next: Current?
            if settings != before {
                if let what = Self.weakened(before, settings) {
                    throw ConfigurationRefused([
                        Diagnostic(.error, at: SourceLocation(path: settings.path), "\(what) at a start only: restart the agent")
                    ])
                }
                next = try Self.current(settings)
                if settings.rateLimit != before.rateLimit { logger.notice("'rate_limit' changes at the next start") }
            }
            state.withLock { state in
                if let next { state.current = next }
                state.facts.isLastReadUsable = true
            }
            if next == nil, !refusal.isEmpty { logger.info("the web configuration can be used again") }
            if next != nil { logger.info("web configuration read again", metadata: ["path": "\(settings.path)"]) }
            refusal = ""
        } catch {
            state.withLock { $0.facts.isLastReadUsable = false }
            guard error.description != refusal else { return }
            refusal = error.description
            logger.error("the web configuration cannot be used, the previous one remains in effect", metadata: ["error": "\(refusal)"])
        }
    }
}
