import FoundationEssentials
package import Monitoring
import Probing

/// The metric families about the agent itself.
package struct AgentMetrics: Sendable {
    private let facts: AgentFacts
    private let responses: ResponseFacts
    private let probes: Int
    private let build: BuildInformation

    /// - Parameters:
    ///   - probes: the number of defined probes.
    package init(facts: AgentFacts, responses: ResponseFacts, probes: Int, build: BuildInformation) {
        self.facts = facts
        self.responses = responses
        self.probes = probes
        self.build = build
    }

    /// Appends all families: headers and samples.
    package func write(to text: inout MetricText, format: MetricText.Format) {
        func gauge(_ name: String, _ help: String, _ value: Double, _ labels: [(String, String)] = []) {
            text.header(name, type: "gauge", help: help, format: format)
            text.sample(name, labels, value)
        }
        gauge(
            "health_agent_build_info", "Version of the agent; the value is always 1.", 1,
            [("version", build.version), ("revision", build.revision), ("swiftversion", build.swiftVersion)])
        gauge("health_agent_start_time_seconds", "Time the agent started.", facts.started.timeIntervalSince1970)
        gauge(
            "health_agent_cache_cleared_timestamp_seconds", "Time all caches were last cleared: the start or the last restart.",
            facts.cacheCleared.timeIntervalSince1970)
        gauge(
            "health_agent_config_last_reload_successful",
            "1 if the last configuration reload was successful, 0 if it failed and the previous configuration remains in effect.",
            facts.lastReloadSucceeded ? 1 : 0)
        gauge(
            "health_agent_config_last_reload_success_timestamp_seconds", "Time of the last successful configuration reload.",
            facts.lastReloadSuccess.timeIntervalSince1970)
        gauge("health_agent_probes", "Number of probes defined, over all servers and targets.", Double(probes))
        gauge("health_agent_probes_running", "Number of probe runs in progress.", Double(facts.running))
        text.header(
            "health_agent_probes_skipped_total", type: "counter",
            help: "Number of scheduled runs skipped because the previous run had not ended.", format: format)
        text.sample("health_agent_probes_skipped_total", [], Double(facts.skipped))
        text.header(
            "health_agent_unknown_modules_total", type: "counter", help: "Number of probe requests that named an unknown module.",
            format: format)
        text.sample("health_agent_unknown_modules_total", [], Double(facts.unknownModules))
        if !facts.unusableModules.isEmpty {
            text.header(
                "health_agent_module_unusable", type: "gauge", help: "1 for each module that asks for what this build cannot do.",
                format: format)
            for name in facts.unusableModules { text.sample("health_agent_module_unusable", [("module", name)], 1) }
        }
        targetLists(&text, format)
        HealthMetrics(facts: facts).write(to: &text, format: format)
        ResponseMetrics(facts: responses).write(to: &text, format: format)
        durations(&text, format)
        lateness(&text, format)
        thresholds(&text, format)
        ProcessFacts.read()?.write(to: &text, format: format)
    }

    private func targetLists(_ text: inout MetricText, _ format: MetricText.Format) {
        guard !facts.targetLists.isEmpty else { return }
        let name = "health_agent_target_list_successful"
        text.header(
            name, type: "gauge",
            help: "1 if the target source was read successfully, 0 if it failed and its last valid targets remain in use.",
            format: format)
        for fact in facts.targetLists {
            text.sample(name, [("definition", fact.definition.description), ("source", fact.source)], fact.problem == nil ? 1 : 0)
        }
    }

    private func lateness(_ text: inout MetricText, _ format: MetricText.Format) {
        let name = "health_agent_probe_lateness_seconds"
        text.header(name, type: "histogram", help: "Delay between the scheduled and the actual start of a run.", format: format)
        write(facts.lateness, name, [], to: &text)
    }

    private func durations(_ text: inout MetricText, _ format: MetricText.Format) {
        guard !facts.durations.isEmpty else { return }
        let name = "health_probe_run_duration_seconds"
        text.header(
            name, type: "histogram", help: "Duration of the runs of each probe definition, over all of its servers and targets.",
            format: format)
        for (definition, histogram) in facts.durations.sorted(by: { $0.key < $1.key }) {
            write(histogram, name, [("health_set", definition.healthSet), ("probe", definition.name)], to: &text)
        }
    }

    private func write(_ histogram: Histogram, _ name: String, _ labels: [(String, String)], to text: inout MetricText) {
        var below = 0
        for (bound, count) in zip(histogram.bounds + [.infinity], histogram.counts) {
            below += count
            text.sample(name + "_bucket", labels + [("le", MetricText.number(bound))], Double(below))
        }
        text.sample(name + "_sum", labels, histogram.sum)
        text.sample(name + "_count", labels, Double(histogram.count))
    }

    private func thresholds(_ text: inout MetricText, _ format: MetricText.Format) {
        let set = facts.thresholds
        let name = "health_agent_threshold_seconds"
        text.header(name, type: "gauge", help: "Remaining lifetime of a certificate below which the probe warns or fails.", format: format)
        text.sample(name, [("threshold", "warn")], (set.warnBelow ?? Thresholds.defaultWarning).seconds)
        text.sample(name, [("threshold", "fail")], (set.failBelow ?? Thresholds.defaultFailure).seconds)
        guard set.warnBelow == nil || set.failBelow == nil else { return }
        let ratio = "health_agent_threshold_lifetime_ratio"
        text.header(
            ratio, type: "gauge",
            help: "Upper limit of the default threshold as a fraction of the certificate's lifetime; absent if configured.",
            format: format)
        if set.warnBelow == nil { text.sample(ratio, [("threshold", "warn")], Thresholds.defaultWarningShare) }
        if set.failBelow == nil { text.sample(ratio, [("threshold", "fail")], Thresholds.defaultFailureShare) }
    }
}
