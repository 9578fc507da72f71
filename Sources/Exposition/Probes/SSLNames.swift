import Addresses
import Certificates
import Probing

/// The certificates of a result under ssl_exporter's names and labels.
enum SSLNames {
    private static let success = CompatibleNames.metric("ssl_probe_success", "If the probe was a success.")
    private static let prober = CompatibleNames.metric("ssl_prober", "The prober used by the probe.")
    private static let version = CompatibleNames.metric("ssl_tls_version_info", "TLS version of the session.")
    private static let peer = pair("ssl_cert", "each certificate that the peer presented")
    private static let verified = pair("ssl_verified_cert", "each certificate of the verified chain")
    private static let file = pair("ssl_file_cert", "each certificate in a file")
    private static let kubernetes = pair("ssl_kubernetes_cert", "each certificate in a Secret")
    private static let kubeconfig = pair("ssl_kubeconfig_cert", "each certificate in a kubeconfig")

    /// By the name under which the kind measures it.
    private static let renamed = [
        "probe_tls_ocsp_stapled": CompatibleNames.metric("ssl_ocsp_response_stapled", "If the server sent an OCSP response."),
        "probe_tls_ocsp_status": CompatibleNames.metric(
            "ssl_ocsp_response_status", "Status in the OCSP response: 0 good, 1 revoked, 2 unknown."),
        "probe_tls_ocsp_this_update_timestamp_seconds": CompatibleNames.metric(
            "ssl_ocsp_response_this_update", "Since when the status in the OCSP response holds."),
        "probe_tls_ocsp_next_update_timestamp_seconds": CompatibleNames.metric(
            "ssl_ocsp_response_next_update", "Until when the status in the OCSP response holds."),
        "probe_tls_ocsp_produced_timestamp_seconds": CompatibleNames.metric(
            "ssl_ocsp_response_produced_at", "When the OCSP response was produced."),
        "probe_tls_ocsp_revoked_timestamp_seconds": CompatibleNames.metric(
            "ssl_ocsp_response_revoked_at", "When the certificate was revoked, as the OCSP response says."),
        "probe_tls_version_info": version,
    ]

    private typealias Dates = (notAfter: MetricDefinition, notBefore: MetricDefinition)

    private static func pair(_ name: String, _ subject: String) -> Dates {
        (
            CompatibleNames.metric(name + "_not_after", "notAfter of \(subject)."),
            CompatibleNames.metric(name + "_not_before", "notBefore of \(subject).")
        )
    }

    static func measurements(_ result: ProbeResult) -> [Measurement] {
        var all = [success(result.type == .succeeded), prober(1, [("prober", result.kind)])]
        // A series has one sample, though a certificate may be presented at several stages, or be twice in a file.
        var known: Set<String> = []
        func add(_ metrics: Dates, _ facts: CertificateFacts, _ labels: [(String, String)]) {
            let labels = (labels + certificateLabels(facts)).map(CompatibleNames.cut)
            guard known.insert(metrics.notAfter.name + CompatibleNames.key(labels)).inserted else { return }
            all += [metrics.notAfter(facts.notAfter, labels), metrics.notBefore(facts.notBefore, labels)]
        }
        for observation in result.outcome.observations {
            switch observation {
            case .peerCertificate(_, _, let isVerified, let facts):
                add(peer, facts, [])
                if isVerified { add(verified, facts, [("chain_no", "0")]) }
            case .fileCertificate(let certificate):
                switch certificate.origin {
                case .kubeconfig(let side, let name)?:
                    add(kubeconfig, certificate.facts, [("kubeconfig", certificate.path), ("name", name), ("type", side.rawValue)])
                case .secret(let namespace, let name, let key)?:
                    add(kubernetes, certificate.facts, [("namespace", namespace), ("secret", name), ("key", key)])
                case .configMap?, nil: add(file, certificate.facts, [("file", certificate.path)])
                }
            default: break
            }
        }
        let measured: [Measurement] = result.outcome.observations.compactMap {
            if case .measurement(let measurement) = $0 { measurement } else { nil }
        }
        for measurement in measured + result.outcome.facts.flatMap(\.measurements) {
            if let metric = renamed[measurement.metric.name] { all.append(metric(measurement.value, measurement.labels)) }
        }
        return all
    }

    private static func certificateLabels(_ facts: CertificateFacts) -> [(String, String)] {
        let (addresses, names) = (facts.names.filter { NetworkAddress($0) != nil }, facts.names.filter { NetworkAddress($0) == nil })
        let units = NameAttribute.all(in: facts.subject).filter { $0.type == "OU" }.map(\.value)
        return [
            ("serial_no", facts.decimalSerialNumber), ("issuer_cn", CompatibleNames.value("CN", in: facts.issuer)),
            ("cn", facts.commonName),
            ("dnsnames", list(names)), ("ips", list(addresses)), ("emails", list(facts.mailAddresses)), ("ou", list(units)),
        ]
    }

    /// `,a,b,`; empty for none.
    private static func list(_ values: [String]) -> String { values.isEmpty ? "" : ("," + values.joined(separator: ",") + ",") }
}
