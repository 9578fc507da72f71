import FoundationEssentials
import Monitoring

/// The sentence on top of the page: whether all is well, and since when.
struct Verdict: Sendable {
    let standing: Standing
    let headline: String
    let detail: String?
    let since: Date?
    /// In a few words.
    var badge: String {
        switch standing {
        case .failing, .warning: headline.prefix { $0 != ":" }.description
        default: standing.label
        }
    }

    init(_ problems: [Problem], in snapshot: Snapshot) {
        let alerting = problems.filter { [.failing, .warning].contains($0.standing) }
        let probes = snapshot.probes
        let waiting = probes.count { $0.latest == nil }
        if let first = alerting.first {
            standing = first.standing
            let more = alerting.count - 1
            headline =
                "\(alerting.count) \(alerting.count == 1 ? "problem" : "problems"): \(first.title)\(first.extent)"
                + (more > 0 ? ", and \(more) more" : "")
            detail = ProbeWords.sentence(first.lead.sentence)
            since = alerting.map(\.since).min()
        } else if probes.isEmpty {
            (standing, since) = (.waiting, nil)
            headline = "Nothing is monitored yet"
            detail =
                snapshot.agent.configurationPath.isEmpty
                ? "No configuration file is in use: 'agent init' writes one."
                : "No probe is defined for the servers and targets of \(snapshot.agent.configurationPath)."
        } else if waiting == probes.count {
            (standing, since, detail) = (.waiting, nil, nil)
            headline = "Waiting for the first results of \(probes.count) probes"
        } else if let first = problems.first {
            standing = first.standing
            let what = [Standing.acknowledged, .maintenance, .unknown].compactMap { kind -> String? in
                let count = problems.count { $0.standing == kind }
                guard count > 0 else { return nil }
                return switch kind {
                case .acknowledged: "\(count) acknowledged"
                case .maintenance: "\(count) in maintenance"
                default: "\(count) that could not be judged"
                }
            }
            headline = "No problem alerts; \(what.joined(separator: ", "))"
            detail = "\(first.title)\(first.extent): \(first.lead.sentence)"
            since = first.since
        } else {
            standing = snapshot.maintenance.contains { $0.start(at: snapshot.taken) != nil } ? .maintenance : .passing
            let all = probes.count == 1 ? "The probe passes" : "All \(probes.count - waiting) probes pass"
            headline = waiting == 0 ? all : "\(probes.count - waiting) probes pass, \(waiting) have not run yet"
            // A monitor that has always been well is so since its first result.
            since = probes.flatMap(\.monitors).filter { $0.state == .healthy }.map(\.since).max()
            detail = nil
        }
    }
}
