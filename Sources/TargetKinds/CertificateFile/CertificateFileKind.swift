import Probing

/// `certificate-file`: the certificates, private keys and revocation lists in files.
struct CertificateFileKind: TargetKind {
    typealias Check = CertificateFileProbe

    static let name = "certificate-file"
    let services: TargetServices
    let isProber = false

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is a file, a directory (the files in it), or a pattern; '**' stands for any number of directories. PEM, DER, PKCS#7, PKCS#12, JKS and JCEKS are recognised by their content, also inside a kubeconfig, and in Secrets and ConfigMaps of Kubernetes. Of a directory or pattern, files of other kinds are skipped.",
            "Every file can be read, and none of the certificates has expired or is not yet valid. How long they are still valid is judged by 'cert-expiry' for the same targets.",
            "A private key in a file, or that of 'keyFile', belongs to one of the certificates. The next issue of a revocation list is not overdue.",
            "Files that have not changed are not read again. SampleValue: days until the first certificate expires.",
        ],
        stages: [.file],
        metrics: MetricDefinition.fileCertificate + [
            CertificateFileFacts.files, CertificateFileFacts.nextUpdate, CertificateFileFacts.thisUpdate,
        ],
        reasons: [
            .certificateExpired, .certificateNotYetValid, .certificateMissing, .certificateUnreadable, .privateKeyMismatch, .crlStale,
            .credentialUnreadable, .systemRefused, .targetInvalid, .timeout,
        ],
        options: CertificateFileOptions.guide + [
            .init("keyFile", "PEM file with the private key that belongs to a certificate of the target", settableThroughAgent: false)
        ])

    func expected(insteadOf target: String) -> String? {
        CertificateFileOptions.isPath(target) ? nil : CertificateFileOptions.expected
    }

    func readOptions(_ reader: SettingsReader) -> CertificateFileProbeOptions {
        CertificateFileProbeOptions(files: CertificateFileOptions(reader), keyFile: reader.path("keyFile"))
    }
}

struct CertificateFileProbeOptions: Sendable {
    var files: CertificateFileOptions
    var keyFile: String?
}

enum CertificateFileFacts {
    static let files = MetricDefinition("probe_certificate_files", "Files with certificates or revocation lists.", .both)
    static let nextUpdate = MetricDefinition(
        "probe_crl_next_update_timestamp_seconds", "When the next issue of each revocation list in a file is due.", .both)
    static let thisUpdate = MetricDefinition(
        "probe_crl_this_update_timestamp_seconds", "When each revocation list in a file was issued.", .both)
}
