import FoundationEssentials
import HealthManager
import Serving

/// The agent's own families.
struct AgentMetrics {
    let facts: AgentFacts
    let responses: ResponseFacts
    let probes: Int
    let unknownModules: Int
    let connections: Connections.Facts
    let build: BuildInformation

    func write(to text: inout MetricText, format: MetricText.Format) {
        func gauge(_ name: String, _ help: String, _ value: Double, _ labels: [(String, String)] = []) {
            text.header(name, type: "gauge", help: help, format: format)
            text.sample(name, labels, value)
        }
        gauge(
            "health_agent_build_info", "The version that runs.", 1,
            [("version", build.version), ("revision", build.revision), ("swiftversion", build.swiftVersion)])
        gauge("health_agent_start_time_seconds", "When the agent started.", facts.started.timeIntervalSince1970)
        gauge(
            "health_agent_cache_cleared_timestamp_seconds", "When every cache was last built from nothing.",
            facts.cacheCleared.timeIntervalSince1970)
        gauge(
            "health_agent_config_last_reload_successful", "0 while the files hold an error and an older configuration is in force.",
            facts.lastReloadSucceeded ? 1 : 0)
        gauge(
            "health_agent_config_last_reload_success_timestamp_seconds", "When the configuration in force was read.",
            facts.lastReloadSuccess.timeIntervalSince1970)
        gauge("health_agent_probes", "Probes defined, over all servers.", Double(probes))
        gauge("health_agent_probes_running", "Runs under way.", Double(facts.running))
        text.header(
            "health_agent_probes_skipped_total", type: "counter", help: "Runs left out because the one before had not ended.",
            format: format)
        text.sample("health_agent_probes_skipped_total", [], Double(facts.skipped))
        text.header(
            "health_agent_unknown_modules_total", type: "counter", help: "Requests for probes that named a module there is not.",
            format: format)
        text.sample("health_agent_unknown_modules_total", [], Double(unknownModules))
        ConnectionMetrics(facts: connections).write(to: &text, format: format)
        targetLists(&text, format)
        HealthMetrics(facts: facts).write(to: &text, format: format)
        ResponseMetrics(facts: responses).write(to: &text, format: format)
        lateness(&text, format)
        thresholds(&text, format)
        ProcessFacts.read()?.write(to: &text, format: format)
    }

    private func targetLists(_ text: inout MetricText, _ format: MetricText.Format) {
        guard !facts.targetLists.isEmpty else { return }
        let name = "health_agent_target_list_successful"
        text.header(
            name, type: "gauge", help: "0 while a source of a definition's targets can't be read and its last good state is in force.",
            format: format)
        for fact in facts.targetLists {
            text.sample(name, [("definition", fact.definition.description), ("source", fact.source)], fact.problem == nil ? 1 : 0)
        }
    }

    private func lateness(_ text: inout MetricText, _ format: MetricText.Format) {
        let name = "health_agent_probe_lateness_seconds"
        text.header(name, type: "histogram", help: "How long after its due time a run began.", format: format)
        var below = 0
        for (bound, count) in zip(facts.lateness.bounds + [.infinity], facts.lateness.counts) {
            below += count
            text.sample(name + "_bucket", [("le", MetricText.number(bound))], Double(below))
        }
        text.sample(name + "_sum", [], facts.lateness.sum)
        text.sample(name + "_count", [], Double(facts.lateness.count))
    }

    private func thresholds(_ text: inout MetricText, _ format: MetricText.Format) {
        let set = facts.thresholds
        let name = "health_agent_threshold_seconds"
        text.header(name, type: "gauge", help: "Rest of a certificate's life below which it warns or fails.", format: format)
        text.sample(name, [("threshold", "warn")], (set.warnBelow ?? Thresholds.defaultWarning).seconds)
        text.sample(name, [("threshold", "fail")], (set.failBelow ?? Thresholds.defaultFailure).seconds)
        guard set.warnBelow == nil || set.failBelow == nil else { return }
        let ratio = "health_agent_threshold_lifetime_ratio"
        text.header(
            ratio, type: "gauge", help: "Share of a certificate's lifetime the threshold is at most; absent where it is configured.",
            format: format)
        if set.warnBelow == nil { text.sample(ratio, [("threshold", "warn")], Thresholds.defaultWarningShare) }
        if set.failBelow == nil { text.sample(ratio, [("threshold", "fail")], Thresholds.defaultFailureShare) }
    }
}

/// What this executable is.
package struct BuildInformation: Sendable {
    package var version: String
    package var revision: String
    package var swiftVersion: String

    package init(version: String, revision: String, swiftVersion: String) {
        self.version = version
        self.revision = revision
        self.swiftVersion = swiftVersion
    }
}
