import Certificates
import Outbound
import Probing
import Transfers

/// `certificate-url`: the certificates and revocation lists in a file that a web server publishes.
struct CertificateURLKind: TargetKind {
    typealias Check = CertificateURLProbe

    static let name = "certificate-url"
    let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is the http or https URL of a file, such as an authority's certificates or its revocation list: PEM, DER, PKCS#7 or a key store, recognised by its content; at most 8 MiB.",
            "It can be fetched, none of its certificates has expired or is not yet valid, and the next issue of its revocation lists is not overdue. SampleValue: days until the first certificate expires.",
        ],
        stages: [.resolve, .connect, .tls, .endpoint, .file],
        metrics: MetricDefinition.fileCertificate + [CertificateFileFacts.nextUpdate, CertificateFileFacts.thisUpdate],
        reasons: [
            .certificateExpired, .certificateNotYetValid, .certificateMissing, .certificateUnreadable, .privateKeyMismatch, .crlStale,
        ] + .target + [.dnsFailed] + .connection + .proxy + .tls + .http,
        options: [TLSOptions.guide] + ProxyOptions.guide)

    func expected(insteadOf target: String) -> String? { Self.url(target) == nil ? "the http or https URL of a file" : nil }

    /// The URL that a target is, with its host; nil if it is none.
    static func url(_ target: String) -> (text: String, host: URLHost)? {
        guard let url = URLHost.absolute(target), let host = URLHost(url), ["http", "https"].contains(host.scheme) else { return nil }
        return (url, host)
    }

    func readOptions(_ reader: SettingsReader) -> CertificateURLOptions {
        CertificateURLOptions(tls: TLSOptions(reader.mapping("tls_config"), services), proxy: ProxyOptions(reader))
    }
}

struct CertificateURLOptions: Sendable {
    var tls: TLSOptions
    var proxy: ProxyOptions
}

struct CertificateURLProbe: TargetProbe {
    private static let mostRedirects = 5
    /// In bytes: anybody who may probe may name the URL.
    private static let sizeLimit = 8 << 20

    let target: Target
    let options: CertificateURLOptions
    let services: TargetServices

    func check(_ run: inout TargetRun, _ facts: inout NoFacts) async {
        guard let (url, host) = CertificateURLKind.url(target.text) else {
            return run.reject(.config, .targetInvalid, "the target must be the http or https URL of a file")
        }
        var request = ExchangeRequest(url: url, deadline: run.deadline - .now, trust: options.tls.settings.trust)
        request.tls = options.tls.settings(on: run.day)
        request.headers = [HeaderField("User-Agent", services.userAgent)]
        request.redirects = .follow(maximum: Self.mostRedirects)
        request.proxy = options.proxy.route(to: host)
        request.policy = target.policy
        request.bounds.body = Self.sizeLimit
        let report = await run.transfers.exchange(request)
        run.observe(report.tls)
        if let failure = report.failure { return run.fail(failure, report.tls) }
        guard let response = report.response else { return }
        guard response.status == 200 else {
            return run.fail(.endpoint, .httpStatus, "HTTP \(response.status) instead of the file")
        }
        run.pass(.endpoint, "\(response.body.count) bytes")
        guard let contents = run.readFile(response.body, from: target.text) else { return }
        run.find(mostOf: run.judge(contents))
        run.passFiles(contents)
    }
}
