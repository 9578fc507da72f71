import Certificates
import FoundationEssentials
package import Probing

/// The metrics of `/probe` alone that no kind measures itself.
extension MetricDefinition {
    fileprivate static let timeout = MetricDefinition("probe_timeout_seconds", "Timeout of the probe.")
    fileprivate static let earliestExpiry = MetricDefinition(
        "probe_ssl_earliest_cert_expiry", "Earliest notAfter of the certificates presented by the peer, even if verification failed.")
    fileprivate static let leafInfo = MetricDefinition("probe_ssl_last_chain_info", "Properties of the peer's certificate.")
}

/// The response of `/probe`: one run with blackbox_exporter's metric names and the agent's additions.
///
/// Like blackbox_exporter in which metrics are zero and which are absent, with two exceptions: certificates that failed verification are
/// included, and unknown times are omitted.
package enum ProbeText {
    /// The complete response body in the text format, families sorted by name.
    package static func render(_ run: OnDemandRun) -> [UInt8] {
        var page = MetricText()
        page.reserve(8 << 10)
        var family: MetricDefinition?
        // The sort is stable: samples of a family stay in the order they were measured.
        for sample in measurements(run).sorted(by: { $0.metric.name < $1.metric.name }) {
            let metric = sample.metric
            if metric != family { page.header(metric.name, type: metric.type, help: metric.help, format: .text) }
            family = metric
            page.sample(metric.name, sample.labels, sample.value)
        }
        return page.bytes
    }

    private static func measurements(_ run: OnDemandRun) -> [Measurement] {
        let outcome = run.result.outcome
        var all = [MetricDefinition.success(run.isSuccess), MetricDefinition.timeout(run.timeout)]
        MetricDefinition.measure(run.result, into: &all)
        all += outcome.facts.flatMap(\.measurements)
        all.removeAll { $0.metric.exposure != .both && $0.metric.exposure != .onDemand }
        if let earliest = outcome.earliestExpiry { all.append(MetricDefinition.earliestExpiry(earliest)) }
        if let leaf = outcome.peerCertificates.first(where: { $0.depth == 0 })?.facts {
            let labels = [
                ("fingerprint_sha256", leaf.fingerprintSHA256), ("subject", ExporterName.text(leaf.subject)),
                ("issuer", ExporterName.text(leaf.issuer)),
                ("subjectalternative", leaf.names.joined(separator: ",")), ("serialnumber", serial(leaf.serialNumber)),
            ]
            all.append(MetricDefinition.leafInfo(1, labels))
        }
        return run.module.isOfSSLExporter ? all + SSLNames.measurements(run.result) : all
    }

    /// Hexadecimal without leading zeros.
    private static func serial(_ text: String) -> String {
        let (sign, digits) = text.hasPrefix("-") ? ("-", text.dropFirst()) : ("", text[...])
        let significant = digits.lowercased().drop { $0 == "0" }
        return significant.isEmpty ? "0" : sign + significant
    }
}
