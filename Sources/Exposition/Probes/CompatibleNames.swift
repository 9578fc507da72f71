import Certificates
import FoundationEssentials
import Monitoring
import Probing

/// The certificates of a probe under the names and labels of other exporters, after the labels of the probe.
///
/// Unlike theirs, the series are there for certificates that failed verification, too.
enum CompatibleNames {
    /// Labels are cut off at so many characters.
    private static let longestLabel = 4096

    static func measurements(_ names: Set<Compatibility>, of state: ProbeState) -> [Measurement] {
        guard !names.isEmpty, let result = state.latest else { return [] }
        let stages = state.definition.kind.guide.stages
        var all: [Measurement] = []
        if names.contains(.sslExporter), stages.contains(.tls) || stages.contains(.file) { all += SSLNames.measurements(result) }
        // A kind may look at servers and at files.
        if names.contains(.x509CertificateExporter), result.outcome.stages.contains(where: { $0.stage == .file }) {
            all += x509(result, of: state, source: state.key.identity.target ?? state.key.identity.name)
        }
        return all
    }

    // MARK: x509-certificate-exporter

    private enum X509 {
        static let notAfter = metric("x509_cert_not_after", "notAfter of each certificate in a file.")
        static let expired = metric("x509_cert_expired", "1 if the certificate had expired at the last run, 0 if not.")
        static let sourceUp = metric("x509_source_up", "1 if the files could be read at the last run, 0 if not.")
        static let bundles = metric("x509_source_bundles", "Files in which certificates were found.")
        static let errors = metric(
            "x509_source_errors_total", "Files that could not be read or understood, by reason, at all runs since the agent started.")
        static let nextUpdate = metric("x509_crl_next_update", "When the next issue of each revocation list in a file is due.")
        static let thisUpdate = metric("x509_crl_this_update", "When each revocation list in a file was issued.")
        static let number = metric("x509_crl_number", "Number of each revocation list in a file.")
        static let stale = metric("x509_crl_stale", "1 if the next issue of the list was overdue at the last run, 0 if not.")

        /// Which findings are errors of the source, and how they are called there.
        static let reasons: [(Reason, String)] = [
            (.certificateMissing, "no_certificate_found"), (.certificateUnreadable, "read_failed"),
            (.credentialUnreadable, "bad_passphrase"),
            (.timeout, "parse_timeout"), (.systemRefused, "system_refused"),
        ]
    }

    private static func x509(_ result: ProbeResult, of state: ProbeState, source: String) -> [Measurement] {
        let isKubeconfig = result.outcome.observations.contains {
            if case .fileCertificate(let file) = $0, case .kubeconfig? = file.origin { true } else { false }
        }
        let labels = [("source_kind", isKubeconfig ? "kubeconfig" : "file"), ("source_name", source)]
        let files = result.outcome.observations.compactMap { if case .fileCertificate(let file) = $0 { file } else { nil } }
        let isUp = result.outcome.stages.contains { $0.stage == .file && $0.verdict != .notObserved }
        let errors = X509.reasons.compactMap { reason, name in
            state.fileFindings[reason].map { X509.errors(Double($0), labels + [("reason", name)]) }
        }
        let all = [X509.sourceUp(isUp, labels), X509.bundles(Double(Set(files.map(\.path)).count), labels)] + errors
        var known: Set<String> = []
        return all
            + files.flatMap { file -> [Measurement] in
                let labels = x509Labels(file).map(cut)
                guard known.insert(key(labels)).inserted else { return [] }
                return [X509.notAfter(file.facts.notAfter, labels), X509.expired(file.facts.notAfter <= result.end, labels)]
            } + lists(result)
    }

    /// Of revocation lists, which the kinds measure under names of their own.
    private static func lists(_ result: ProbeResult) -> [Measurement] {
        // A list may be in a file twice.
        var known: Set<String> = []
        return result.outcome.observations.flatMap { observation -> [Measurement] in
            guard case .measurement(let measurement) = observation else { return [] }
            let isNext = measurement.metric.name == "probe_crl_next_update_timestamp_seconds"
            guard isNext || measurement.metric.name == "probe_crl_this_update_timestamp_seconds" else { return [] }
            func label(_ name: String) -> String { measurement.labels.first { $0.0 == name }?.1 ?? "" }
            let labels =
                (fileLabels(label("file")) + nameLabels("issuer_", label("issuer")) + [("crl_number", label("crl_number"))]).map(cut)
            guard known.insert(measurement.metric.name + key(labels)).inserted else { return [] }
            if isNext {
                return [
                    X509.nextUpdate(measurement.value, labels), X509.stale(measurement.value <= result.end.timeIntervalSince1970, labels),
                ]
            }
            return [X509.thisUpdate(measurement.value, labels)] + (Double(label("crl_number")).map { [X509.number($0, labels)] } ?? [])
        }
    }

    private static func x509Labels(_ file: FileCertificate) -> [(String, String)] {
        let serial = [("serial_number", file.facts.decimalSerialNumber)]
        return serial + fileLabels(file.path) + nameLabels("subject_", file.facts.subject) + nameLabels("issuer_", file.facts.issuer)
            + originLabels(file.origin)
    }

    private static func fileLabels(_ path: String) -> [(String, String)] {
        [("filename", path.split(separator: "/").last.map(String.init) ?? ""), ("filepath", path)]
    }

    /// A label without a value is the same as none.
    private static func nameLabels(_ prefix: String, _ name: String) -> [(String, String)] {
        ["C", "ST", "L", "O", "OU", "CN"].map { (prefix + $0, value($0, in: name)) }.filter { !$0.1.isEmpty }
    }

    private static func originLabels(_ origin: CertificateBundle.Origin?) -> [(String, String)] {
        switch origin {
        case nil: []
        case .kubeconfig(let side, let name)?: [("embedded_kind", side.rawValue), ("embedded_key", name)]
        case .secret(let namespace, let name, let key)?:
            [("secret_namespace", namespace), ("secret_name", name), ("secret_key", key)].filter { !$0.1.isEmpty }
        case .configMap(let namespace, let name, let key)?:
            [("configmap_namespace", namespace), ("configmap_name", name), ("configmap_key", key)].filter { !$0.1.isEmpty }
        }
    }

    /// The most specific attribute of the type; empty if there is none.
    static func value(_ type: String, in name: String) -> String {
        NameAttribute.all(in: name).first { $0.type == type }?.value ?? ""
    }

    static func cut(_ label: (String, String)) -> (String, String) { (label.0, label.1.shortened(to: longestLabel)) }

    static func key(_ labels: [(String, String)]) -> String { labels.map { $0.0 + "\0" + $0.1 }.joined(separator: "\0") }

    static func metric(_ name: String, _ help: String) -> MetricDefinition { MetricDefinition(name, help, .scheduled) }
}
