/// Another exporter, under whose metric names certificates are exposed too.
package enum Compatibility: String, Sendable, Hashable, CaseIterable {
    case sslExporter = "ssl_exporter"
    case x509CertificateExporter = "x509_certificate_exporter"
}
