import Logging
import Monitoring
import Probing

/// Logs results and changes of monitors.
struct ChangeLog: ResultObserver {
    let logger: Logger

    func changed(_ change: CacheChange) {
        switch change {
        case .ran(let result): log(result)
        case .moved(let transition): log(transition)
        case .adopted, .updated, .escalated, .decided, .expired, .removed: break
        }
    }

    private func log(_ result: ProbeResult) {
        let level: Logger.Level = result.type == .succeeded ? .debug : .notice
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "probe": "\(result.key.identity)", "server": "\(result.key.server)", "result": "\(result.type.name)",
            "reason": "\(result.decisive?.reason.rawValue ?? "")", "request_id": "\(result.requestID)",
        ]
        if !result.key.address.isEmpty { metadata["target_address"] = "\(result.key.address)" }
        let text = result.type == .succeeded ? "probe ran" : result.decisive?.sentence ?? result.type.name
        logger.log(level: level, "\(text)", metadata: metadata)
    }

    private func log(_ change: Transition) {
        let status = change.status
        let level: Logger.Level = status.state == .unhealthy ? .warning : .notice
        guard change.before != .unknown || status.state.isEpisode else { return }
        logger.log(
            level: level, "monitor \(change.before.name) -> \(status.state.name)",
            metadata: [
                "monitor": "\(status.key.identity)", "server": "\(status.key.probe.server)",
                "reason": "\(change.episode?.reason?.rawValue ?? "")", "sentence": "\(change.episode?.sentence ?? "")",
            ])
    }
}
