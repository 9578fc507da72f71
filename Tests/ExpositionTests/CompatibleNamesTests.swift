import Certificates
import FoundationEssentials
import NIOCore
import TestSupport
import Testing

@testable import Exposition
@testable import Monitoring
@testable import Probing

/// The names and labels of ssl_exporter and x509-certificate-exporter.
@Suite struct CompatibleNamesTests {
    private static let end = Date(timeIntervalSince1970: 1_800_000_000)
    private static let probe = #"health_set="Web",probe="Site",server="",target="www",address="""#

    private static func facts(_ name: String, names: [String] = [], expires: Double = 1_900_000_000) throws -> CertificateFacts {
        CertificateFacts(
            thumbprint: try #require(Thumbprint(digest: Array(repeating: 7, count: 20))), fingerprintSHA256: name,
            subject: "CN=\(name),OU=Web,O=Fabrikam,C=DE", issuer: "CN=Issuing CA,O=Fabrikam", serialNumber: "0100000000000000000A",
            notBefore: Date(timeIntervalSince1970: 1_700_000_000), notAfter: Date(timeIntervalSince1970: expires), keyType: .rsa,
            keyBits: 2048,
            signatureAlgorithm: "sha256WithRSAEncryption", names: names)
    }

    /// The lines of the page whose names begin so, without the labels of the probe.
    private static func lines(
        _ prefix: String, _ compatibility: Set<Compatibility>, stages: [Stage], type: ResultType = .succeeded,
        _ observations: [Observation],
        findings: [Finding] = [], runs: Int = 1
    ) -> [String] {
        let identity = ProbeIdentity(healthSet: "Web", name: "Site", target: "www")
        let key = ProbeKey(identity: identity, site: .target(address: nil))
        var state = ProbeState(
            key: key,
            definition: ProbeDefinition(
                identity: ProbeIdentity(healthSet: "Web", name: "Site"), kind: StubKind("tls", stages: stages).configured, summary: "",
                scope: .targets(TargetList(["www"])), every: .seconds(300), timeout: .seconds(30), location: SourceLocation(path: "x.yaml"))
        )
        var outcome = Outcome()
        outcome.observations = observations
        outcome.findings = findings
        outcome.stages = stages.map { StageRecord(stage: $0, verdict: .passed) }
        for _ in 0..<runs {
            state.record(ProbeResult(key: key, kind: "tls", start: end, end: end, duration: .zero, type: type, outcome: outcome))
        }
        let page = MetricsPage(compatibility)
        page.changed(.updated(state))
        let text = page.parts(.text) { _ in }.map { String(buffer: $0) }.joined()
        return text.split(separator: "\n").filter { $0.hasPrefix(prefix) }.map {
            String($0).replacing(probe + ",", with: "").replacing(probe, with: "")
        }
    }

    @Test("ssl_exporter: presented and verified certificates, each once")
    func ssl() throws {
        let leaf = try Self.facts("www", names: ["www.fabrikam.com", "192.0.2.1", "fabrikam.com"])
        let unused = try Self.facts("unused", expires: 1_750_000_000)
        let labels =
            #"serial_no="4722366482869645213706",issuer_cn="Issuing CA",cn="www",dnsnames=",www.fabrikam.com,fabrikam.com,",ips=",192.0.2.1,",emails="",ou=",Web,""#
        let other = #"serial_no="4722366482869645213706",issuer_cn="Issuing CA",cn="unused",dnsnames="",ips="",emails="",ou=",Web,""#
        let lines = Self.lines(
            "ssl_", [.sslExporter], stages: [.tls],
            [
                .peerCertificate(stage: .tls, depth: 0, isVerified: true, leaf),
                .peerCertificate(stage: .tls, depth: 1, isVerified: false, unused),
                .peerCertificate(stage: .metadata, depth: 0, isVerified: true, leaf),
            ])
        #expect(
            lines == [
                "ssl_cert_not_after{\(labels)} 1900000000", "ssl_cert_not_after{\(other)} 1750000000",
                "ssl_cert_not_before{\(labels)} 1700000000", "ssl_cert_not_before{\(other)} 1700000000",
                "ssl_probe_success{} 1", #"ssl_prober{prober="tls"} 1"#,
                "ssl_verified_cert_not_after{chain_no=\"0\",\(labels)} 1900000000",
                "ssl_verified_cert_not_before{chain_no=\"0\",\(labels)} 1700000000",
            ])
    }

    @Test("ssl_exporter: a probe that failed before a certificate was seen is 0, one without TLS has no series")
    func failed() {
        #expect(
            Self.lines("ssl_", [.sslExporter], stages: [.tls], type: .failed, []) == [
                "ssl_probe_success{} 0", #"ssl_prober{prober="tls"} 1"#,
            ])
        #expect(Self.lines("ssl_", [.sslExporter], stages: [.resolve], []) == [])
        #expect(Self.lines("ssl_", [.x509CertificateExporter], stages: [.tls], []) == [])
    }

    @Test("files: ssl_file_cert_*, and x509_cert_* with what is not empty of its labels")
    func files() throws {
        let observations: [Observation] = [
            .fileCertificate(FileCertificate(path: "/etc/ssl/a.pem", part: "1", facts: try Self.facts("www"))),
            .fileCertificate(FileCertificate(path: "/etc/ssl/a.pem", part: "2", facts: try Self.facts("www"))),
            .fileCertificate(FileCertificate(path: "/etc/ssl/b.pem", part: "1", facts: try Self.facts("old", expires: 1_800_000_000))),
        ]
        func x509(_ name: String, _ file: String) -> String {
            #"serial_number="4722366482869645213706",filename="\#(file)",filepath="/etc/ssl/\#(file)",subject_C="DE",subject_O="Fabrikam",subject_OU="Web",subject_CN="\#(name)",issuer_O="Fabrikam",issuer_CN="Issuing CA""#
        }
        let source = #"source_kind="file",source_name="www""#
        #expect(
            Self.lines("x509_", [.x509CertificateExporter], stages: [.file], observations) == [
                "x509_cert_expired{\(x509("www", "a.pem"))} 0", "x509_cert_expired{\(x509("old", "b.pem"))} 1",
                "x509_cert_not_after{\(x509("www", "a.pem"))} 1900000000", "x509_cert_not_after{\(x509("old", "b.pem"))} 1800000000",
                "x509_source_bundles{\(source)} 2", "x509_source_up{\(source)} 1",
            ])
        let ssl = Self.lines("ssl_file_cert_not_after", [.sslExporter], stages: [.file], observations)
        #expect(ssl.count == 2 && ssl[0].hasPrefix(#"ssl_file_cert_not_after{file="/etc/ssl/a.pem",serial_no="4722366482869645213706","#))
    }

    @Test("x509_source_errors_total counts what could not be read at each run, not what has expired")
    func errors() {
        let findings = [
            (Finding.Severity.failure, Stage.file, Reason.certificateUnreadable), (.warning, .file, .certificateUnreadable),
            (.failure, .file, .certificateMissing), (.failure, .file, .certificateExpired), (.failure, .tls, .timeout),
        ].map { Finding($0.0, stage: $0.1, reason: $0.2, sentence: "a sentence") }
        let labels = #"source_kind="file",source_name="www",reason="#
        #expect(
            Self.lines("x509_source_errors", [.x509CertificateExporter], stages: [.file], [], findings: findings, runs: 3) == [
                "x509_source_errors_total{\(labels)\"no_certificate_found\"} 3", "x509_source_errors_total{\(labels)\"read_failed\"} 6",
            ])
    }

    @Test("what is inside a kubeconfig or a Secret has the names and labels of these sources")
    func kubernetes() throws {
        let facts = try Self.facts("www")
        let observations: [Observation] = [
            .fileCertificate(
                FileCertificate(path: "/root/.kube/config", part: "a", facts: facts, origin: .kubeconfig(.user, name: "admin"))),
            .fileCertificate(
                FileCertificate(
                    path: "/srv/mail.yaml", part: "b", facts: facts, origin: .secret(namespace: "web", name: "mail", key: "tls.crt"))),
            .fileCertificate(
                FileCertificate(
                    path: "/srv/mail.yaml", part: "c", facts: facts, origin: .configMap(namespace: "", name: "roots", key: "ca.crt"))),
        ]
        let ssl = Self.lines("ssl_", [.sslExporter], stages: [.file], observations).filter { $0.contains("not_after") }
        #expect(
            ssl.map { $0.prefix { $0 != "," } } == [
                #"ssl_file_cert_not_after{file="/srv/mail.yaml""#, #"ssl_kubeconfig_cert_not_after{kubeconfig="/root/.kube/config""#,
                #"ssl_kubernetes_cert_not_after{namespace="web""#,
            ])
        try #require(ssl.count == 3)
        #expect(ssl[1].contains(#"name="admin",type="user","#) && ssl[2].contains(#"secret="mail",key="tls.crt","#))
        let x509 = Self.lines("x509_cert_not_after", [.x509CertificateExporter], stages: [.file], observations)
        #expect(x509[0].contains(#"embedded_kind="user",embedded_key="admin""#))
        #expect(x509[1].contains(#"secret_namespace="web",secret_name="mail",secret_key="tls.crt""#))
        #expect(x509[2].contains(#"configmap_name="roots",configmap_key="ca.crt""#) && !x509[2].contains("configmap_namespace"))
        let up = Self.lines("x509_source_up", [.x509CertificateExporter], stages: [.file], observations)
        #expect(up == [#"x509_source_up{source_kind="kubeconfig",source_name="www"} 1"#])
    }

    @Test("x509_crl_* of revocation lists, and ssl_ocsp_* of a stapled response")
    func statuses() {
        func measured(_ name: String, _ value: Double, _ labels: [(String, String)] = []) -> Observation {
            .measurement(MetricDefinition(name, "", .both)(value, labels))
        }
        let list = [("file", "/srv/ca.crl"), ("part", "1"), ("issuer", "CN=Issuing CA,O=Fabrikam"), ("crl_number", "17")]
        let observations = [
            measured("probe_crl_next_update_timestamp_seconds", 1_799_999_999, list),
            measured("probe_crl_this_update_timestamp_seconds", 1_700_000_000, list),
            // The same list again, at another place of the file.
            measured("probe_crl_next_update_timestamp_seconds", 1_799_999_999, list.map { $0.0 == "part" ? ("part", "2") : $0 }),
            measured("probe_tls_ocsp_stapled", 1), measured("probe_tls_ocsp_status", 1),
            measured("probe_tls_ocsp_revoked_timestamp_seconds", 1_750_000_000),
        ]
        let labels = #"filename="ca.crl",filepath="/srv/ca.crl",issuer_O="Fabrikam",issuer_CN="Issuing CA",crl_number="17""#
        #expect(
            Self.lines("x509_crl", [.x509CertificateExporter], stages: [.file], observations) == [
                "x509_crl_next_update{\(labels)} 1799999999", "x509_crl_number{\(labels)} 17", "x509_crl_stale{\(labels)} 1",
                "x509_crl_this_update{\(labels)} 1700000000",
            ])
        #expect(
            Self.lines("ssl_ocsp", [.sslExporter], stages: [.tls], observations) == [
                "ssl_ocsp_response_revoked_at{} 1750000000", "ssl_ocsp_response_stapled{} 1", "ssl_ocsp_response_status{} 1",
            ])
    }

    @Test("without the setting there are none")
    func off() throws {
        let observations = [Observation.peerCertificate(stage: .tls, depth: 0, isVerified: true, try Self.facts("www"))]
        #expect(
            Self.lines("ssl_", [], stages: [.tls, .file], observations) == []
                && Self.lines("x509_", [], stages: [.file], observations) == [])
    }
}
