import Addresses
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
        if names.contains(.sslExporter), stages.contains(.tls) || stages.contains(.file) {
            all += [SSL.success(result.type == .succeeded), SSL.prober(1, [("prober", result.kind)])]
            all += ssl(result.outcome)
        }
        // A kind may look at servers and at files.
        if names.contains(.x509CertificateExporter), result.outcome.stages.contains(where: { $0.stage == .file }) {
            all += x509(result, source: state.key.identity.target ?? state.key.identity.name)
        }
        return all
    }

    // MARK: ssl_exporter

    private enum SSL {
        static let success = metric("ssl_probe_success", "If the probe was a success.")
        static let prober = metric("ssl_prober", "The prober used by the probe.")
        static let notAfter = metric("ssl_cert_not_after", "notAfter of each certificate that the peer presented.")
        static let notBefore = metric("ssl_cert_not_before", "notBefore of each certificate that the peer presented.")
        static let verifiedNotAfter = metric("ssl_verified_cert_not_after", "notAfter of each certificate of the verified chain.")
        static let verifiedNotBefore = metric("ssl_verified_cert_not_before", "notBefore of each certificate of the verified chain.")
        static let fileNotAfter = metric("ssl_file_cert_not_after", "notAfter of each certificate in a file.")
        static let fileNotBefore = metric("ssl_file_cert_not_before", "notBefore of each certificate in a file.")
    }

    private static func ssl(_ outcome: Outcome) -> [Measurement] {
        var all: [Measurement] = []
        // A series has one sample, though a certificate may be presented at several stages, or be twice in a file.
        var known: Set<String> = []
        func add(
            _ metrics: (notAfter: MetricDefinition, notBefore: MetricDefinition), _ facts: CertificateFacts, _ labels: [(String, String)]
        ) {
            let labels = (labels + sslLabels(facts)).map(cut)
            guard known.insert(metrics.notAfter.name + key(labels)).inserted else { return }
            all += [metrics.notAfter(facts.notAfter, labels), metrics.notBefore(facts.notBefore, labels)]
        }
        for observation in outcome.observations {
            switch observation {
            case .peerCertificate(_, _, let isVerified, let facts):
                add((SSL.notAfter, SSL.notBefore), facts, [])
                if isVerified { add((SSL.verifiedNotAfter, SSL.verifiedNotBefore), facts, [("chain_no", "0")]) }
            case .fileCertificate(let file): add((SSL.fileNotAfter, SSL.fileNotBefore), file.facts, [("file", file.path)])
            default: break
            }
        }
        return all
    }

    private static func sslLabels(_ facts: CertificateFacts) -> [(String, String)] {
        let (addresses, names) = (facts.names.filter { NetworkAddress($0) != nil }, facts.names.filter { NetworkAddress($0) == nil })
        let units = NameAttribute.all(in: facts.subject).filter { $0.type == "OU" }.map(\.value)
        return [
            ("serial_no", facts.decimalSerialNumber), ("issuer_cn", value("CN", in: facts.issuer)), ("cn", facts.commonName),
            ("dnsnames", list(names)), ("ips", list(addresses)), ("emails", ""), ("ou", list(units)),
        ]
    }

    /// `,a,b,`; empty for none.
    private static func list(_ values: [String]) -> String {
        values.isEmpty ? "" : ("," + values.joined(separator: ",") + ",")
    }

    // MARK: x509-certificate-exporter

    private enum X509 {
        static let notAfter = metric("x509_cert_not_after", "notAfter of each certificate in a file.")
        static let expired = metric("x509_cert_expired", "1 if the certificate had expired at the last run, 0 if not.")
        static let sourceUp = metric("x509_source_up", "1 if the files could be read at the last run, 0 if not.")
        static let bundles = metric("x509_source_bundles", "Files in which certificates were found.")
    }

    private static func x509(_ result: ProbeResult, source: String) -> [Measurement] {
        let labels = [("source_kind", "file"), ("source_name", source)]
        let files = result.outcome.observations.compactMap { if case .fileCertificate(let file) = $0 { file } else { nil } }
        let isUp = result.outcome.stages.contains { $0.stage == .file && $0.verdict != .notObserved }
        let all = [X509.sourceUp(isUp, labels), X509.bundles(Double(Set(files.map(\.path)).count), labels)]
        var known: Set<String> = []
        return all
            + files.flatMap { file -> [Measurement] in
                let labels = x509Labels(file).map(cut)
                guard known.insert(key(labels)).inserted else { return [] }
                return [X509.notAfter(file.facts.notAfter, labels), X509.expired(file.facts.notAfter <= result.end, labels)]
            }
    }

    private static func x509Labels(_ file: FileCertificate) -> [(String, String)] {
        let name = file.path.split(separator: "/").last.map(String.init) ?? ""
        var labels = [("serial_number", file.facts.decimalSerialNumber), ("filename", name), ("filepath", file.path)]
        for (prefix, text) in [("subject_", file.facts.subject), ("issuer_", file.facts.issuer)] {
            // A label without a value is the same as none.
            labels += ["C", "ST", "L", "O", "OU", "CN"].map { (prefix + $0, value($0, in: text)) }.filter { !$0.1.isEmpty }
        }
        return labels
    }

    /// The most specific attribute of the type; empty if there is none.
    private static func value(_ type: String, in name: String) -> String {
        NameAttribute.all(in: name).first { $0.type == type }?.value ?? ""
    }

    private static func cut(_ label: (String, String)) -> (String, String) { (label.0, label.1.shortened(to: longestLabel)) }

    private static func key(_ labels: [(String, String)]) -> String { labels.map { $0.0 + "\0" + $0.1 }.joined(separator: "\0") }

    private static func metric(_ name: String, _ help: String) -> MetricDefinition { MetricDefinition(name, help, .scheduled) }
}
