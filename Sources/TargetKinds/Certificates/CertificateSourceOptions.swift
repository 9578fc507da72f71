import Certificates
import FoundationEssentials
import Probing
import Transfers

/// How the certificates of a target are found: a TLS server is asked for them, or files are read.
struct CertificateSourceOptions: Sendable {
    var server: TLSServerOptions
    var files: CertificateFileOptions

    /// The options as a kind's guide lists them.
    static let guide = TLSServerOptions.guide + CertificateFileOptions.guide
    static let stages: [Stage] = [.resolve, .connect, .endpoint, .tls, .file]
    static let metrics = ResolutionFacts.metrics + TargetRun.handshakeMetrics + MetricDefinition.fileCertificate
    /// The reasons why no certificate is found.
    static let reasons: [Reason] =
        TLSServerOptions.reasons + [
            .certificateMissing, .certificateUnreadable, .credentialUnreadable, .systemRefused, .timeout, .notObserved,
        ]

    static let check =
        "A target is host:port of a TLS server (without a port, 443 or that of 'starttls'), or an absolute path or pattern of files. Of a server, its certificate and the issuers that it presents are judged, as far as they are part of the verified chain; of files, all."

    /// As `ProbeKind.expected(insteadOf:)`.
    static func expected(insteadOf target: String) -> String? {
        CertificateFileOptions.isPath(target) || TLSServerOptions.endpoint(target) != nil
            ? nil : "\(TLSServerOptions.expected), or \(CertificateFileOptions.expected)"
    }

    init(_ reader: SettingsReader, _ services: TargetServices) {
        server = TLSServerOptions(reader, services)
        // Whether the certificates are trusted is judged by kind 'tls'.
        server.tls.settings.verifies = false
        files = CertificateFileOptions(reader)
    }
}

extension TargetRun {
    /// Finds the certificates of the target, and records them. A server that cannot be reached is no failure.
    /// - Returns: those to be judged; nil if the run ends here (the reason has been recorded).
    /// - Parameter keepsDER: whether certificates of files have their `der`, as those of servers have.
    mutating func findCertificates(_ options: CertificateSourceOptions, keepsDER: Bool = false) async -> [FoundCertificate]? {
        if options.files.pattern(target.text) != nil {
            guard let contents = readFiles(options.files, keepsDER: keepsDER) else { return nil }
            if contents.certificates.isEmpty, outcome.findings.isEmpty { fail(.file, .certificateMissing, "there is no certificate") }
            passFiles(contents)
            return contents.certificates
        }
        judgesCertificatesOnly = true
        guard let session = await handshake(options.server) else { return nil }
        guard session.leaf != nil else {
            fail(.tls, .certificateUnreadable, "the server's own certificate cannot be parsed")
            return nil
        }
        return session.chain.filter { $0.depth == 0 || $0.isVerified }.map {
            FoundCertificate(
                source: .server(depth: $0.depth, isVerified: $0.isVerified),
                place: $0.depth == 0 ? target.description : "\(target), depth \($0.depth)", facts: $0.facts)
        }
    }
}

extension Sequence<FoundCertificate> {
    /// Each certificate once, with all of its places, in the order of expiry.
    var merged: [FoundCertificate] {
        var merged: [String: (certificate: FoundCertificate, places: Int)] = [:]
        for found in self {
            guard var (earlier, places) = merged[found.facts.fingerprintSHA256] else {
                merged[found.facts.fingerprintSHA256] = (found, 1)
                continue
            }
            places += 1
            // More than a few are counted only.
            if places <= 5 { earlier.place += ", \(found.place)" }
            merged[found.facts.fingerprintSHA256] = (earlier, places)
        }
        return merged.values.map { certificate, places in
            var certificate = certificate
            if places > 5 { certificate.place += " and \(places - 5) more" }
            return certificate
        }.sorted { ($0.facts.notAfter, $0.place) < ($1.facts.notAfter, $1.place) }
    }
}
