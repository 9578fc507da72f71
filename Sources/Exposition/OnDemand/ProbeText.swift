import Certificates
import FoundationEssentials
package import Probing

/// The response of `/probe`: one run with blackbox_exporter's metric names and the agent's additions.
///
/// Like blackbox_exporter in which metrics are zero and which are absent, with two exceptions: certificates that failed verification are
/// included, and unknown times are omitted.
package struct ProbeText {
    private var measurements: [Measurement] = []

    /// The complete response body in the text format, families sorted by name.
    package static func render(_ run: OnDemandRun) -> [UInt8] {
        var text = ProbeText()
        text.write(run)
        var page = MetricText()
        page.reserve(8 << 10)
        var family: String?
        // The sort is stable: samples of a family stay in the order they were measured.
        for sample in text.measurements.sorted(by: { $0.metric.name < $1.metric.name }) {
            if sample.metric.name != family { page.header(sample.metric.name, type: "gauge", help: sample.metric.help, format: .text) }
            family = sample.metric.name
            page.sample(sample.metric.name, sample.labels, sample.value)
        }
        return page.bytes
    }

    private mutating func gauge(_ metric: MetricDefinition, _ value: Double, _ labels: [(String, String)] = []) {
        measurements.append(metric(value, labels))
    }

    private mutating func write(_ run: OnDemandRun) {
        let result = run.result
        gauge(.success, run.isSuccess ? 1 : 0)
        gauge(.durationSeconds, result.duration.seconds)
        gauge(.timeoutSeconds, run.timeout.seconds)
        gauge(.resultType, Double(result.type.rawValue))
        if let finding = result.decisive {
            gauge(
                .reasonInfo, 1,
                [("stage", finding.stage.rawValue), ("reason", finding.reason.rawValue), ("severity", finding.severity.rawValue)])
        }
        for stage in result.outcome.stages where stage.verdict != .notRun {
            gauge(.stageDurationSeconds, stage.duration.seconds, [("stage", stage.stage.rawValue)])
        }
        measurements += result.outcome.facts.flatMap(\.measurements)
        for case .httpPhases(let phases) in result.outcome.observations {
            for phase in Observation.HTTPPhase.allCases {
                if let duration = phases[phase] { gauge(.httpDuration, duration.seconds, [("phase", phase.rawValue)]) }
            }
        }
        certificates(result.outcome.observations)
    }

    private mutating func certificates(_ observations: [Observation]) {
        let chain = observations.compactMap {
            if case .peerCertificate(let stage, let depth, _, let facts) = $0 { (stage, depth, facts) } else { nil }
        }
        if let earliest = chain.map(\.2.notAfter).min() {
            gauge(.sslEarliestCertExpiry, earliest.timeIntervalSince1970)
        }
        if let leaf = chain.first(where: { $0.1 == 0 })?.2 {
            gauge(
                .sslLastChainInfo, 1,
                [
                    ("fingerprint_sha256", leaf.fingerprintSHA256), ("subject", leaf.subject), ("issuer", leaf.issuer),
                    ("subjectalternative", leaf.names.joined(separator: ",")), ("serialnumber", Self.serial(leaf.serialNumber)),
                ])
        }
        for (stage, depth, facts) in chain where depth < 10 {
            let labels = [("stage", stage.rawValue), ("depth", String(depth)), ("fingerprint_sha256", facts.fingerprintSHA256)]
            gauge(
                .certificateNotAfterTimestampSeconds, facts.notAfter.timeIntervalSince1970,
                labels)
            gauge(
                .certificateKeySize, Double(facts.keyBits),
                labels)
        }
    }

    /// Hexadecimal without leading zeros.
    private static func serial(_ text: String) -> String {
        let (sign, digits) = text.hasPrefix("-") ? ("-", text.dropFirst()) : ("", text[...])
        let significant = digits.lowercased().drop { $0 == "0" }
        return significant.isEmpty ? "0" : sign + significant
    }
}
