import Addresses
import FoundationEssentials
import Probing
import Transfers

struct GRPCProbe: TargetProbe {
    let target: Target
    let options: GRPCOptions
    let services: TargetServices

    private static let mostTries = 6

    func check(_ run: inout TargetRun, _ facts: inout GRPCFacts) async {
        guard let host = Self.host(target.text, isTLS: options.isTLS) else {
            return run.reject(.config, .targetInvalid, "a grpc target is host:port")
        }
        let start = ContinuousClock.now
        guard let address = await run.resolve(host.name, options.address) else { return }
        let resolved = ContinuousClock.now
        facts.phases[.resolve] = resolved - start
        var report = await run.transfers.exchange(request(host, address, within: run.deadline - resolved, on: run.day))
        // A server without the method may end the stream before it has received the whole call; libcurl, still sending, then loses the
        // response. gRPC clients also retry calls that the server did not accept.
        for _ in 1..<Self.mostTries where report.failure?.kind == .protocolViolation && ContinuousClock.now < run.deadline {
            let again = await run.transfers.exchange(request(host, address, within: run.deadline - .now, on: run.day))
            if again.failure == nil { report = again }
        }
        facts.phases[.check] = ContinuousClock.now - resolved
        facts.isTLS = report.tls?.version != nil
        tell(report, &run)
        if let failure = report.failure {
            let isLate = [.timeout, .connectTimeout].contains(failure.kind)
            facts.status = (isLate ? GRPCStatus.deadlineExceeded : .unavailable).number
            return run.fail(failure, report.tls, took: report.phases[failure.phase])
        }
        guard let response = report.response else { return }
        judge(response, &run, &facts)
    }

    /// `host:port`, optionally with `http://` or `https://`.
    private static func host(_ target: String, isTLS: Bool) -> URLHost? {
        var text = target[...]
        for scheme in ["http://", "https://"] where text.lowercased().hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
        if text.hasSuffix("/") { text = text.dropLast() }
        guard !text.isEmpty, !text.contains(where: { "/?#@ ".contains($0) }) else { return nil }
        return URLHost("\(isTLS ? "https" : "http")://\(text)")
    }

    private func request(_ host: URLHost, _ address: NetworkAddress, within time: Duration, on day: Date?) -> ExchangeRequest {
        // The URL's host is the TLS server name; the address to connect to is set separately.
        let serverName = options.isTLS ? options.tls.settings.serverName ?? target.asciiHostname ?? host.name : host.name
        let authority = HostPort(host: serverName, port: host.port)
        var request = ExchangeRequest(
            url: "\(host.scheme)://\(authority)/grpc.health.v1.Health/Check", deadline: time, trust: options.tls.settings.trust)
        request.method = .post
        request.version = .http2Only
        request.address = Endpoint(address, port: host.port).description
        request.tls = options.tls.settings(on: day)
        request.policy = target.policy
        request.acceptedEncodings = nil
        request.body = HealthMessage.request(service: options.service)
        // The server should not work on the call for longer than this run waits.
        let milliseconds = max(1, min(99_999_999, Int(time / .milliseconds(1))))
        request.headers =
            [
                HeaderField("Content-Type", "application/grpc"), HeaderField("TE", "trailers"),
                HeaderField("User-Agent", services.userAgent),
                HeaderField("grpc-timeout", "\(milliseconds)m"),
            ] + options.metadata
        if let hostname = target.asciiHostname { request.headers.append(HeaderField("Host", hostname)) }
        return request
    }

    /// Records the connection stages and the peer's certificates.
    private func tell(_ report: ExchangeReport, _ run: inout TargetRun) {
        if let took = report.phases[.connect], report.failure?.phase != .connect {
            run.pass(.connect, report.remoteAddress ?? "", took: took)
        }
        run.observe(report.tls, declared: [TLSFacts.version])
        if let version = report.tls?.version, report.failure?.phase != .tls { run.pass(.tls, version, took: report.phases[.tls]) }
    }

    private func judge(_ response: ExchangeResponse, _ run: inout TargetRun, _ facts: inout GRPCFacts) {
        guard response.version == "2" else {
            facts.status = GRPCStatus.unavailable.number
            return run.fail(.endpoint, .httpMalformed, "the response used HTTP/\(response.version), but gRPC requires HTTP/2")
        }
        guard response.status == 200 else {
            facts.status = GRPCStatus(http: response.status).number
            return run.fail(.endpoint, .httpStatus, "HTTP status \(response.status) instead of a gRPC response")
        }
        // A response without a message has the fields in its headers instead of the trailers.
        let fields = response.trailers + response.headers
        let value = { (name: String) in fields.first { $0.isNamed(name) }?.value }
        guard value("content-type")?.hasPrefix("application/grpc") ?? false, let number = value("grpc-status").flatMap({ Int($0) }) else {
            facts.status = GRPCStatus.unknown.number
            return run.fail(.endpoint, .httpMalformed, "HTTP/2 response without a gRPC status: another service listens on the port")
        }
        facts.status = number
        guard number == 0 else {
            return refused(GRPCStatus(number: number), said: Self.decoded(value("grpc-message") ?? ""), &run)
        }
        guard let serving = HealthMessage.status(in: response.body).flatMap(HealthMessage.serving) else {
            return run.fail(.endpoint, .answerUnexpected, "the response (\(response.body.count) bytes) is not a health check response")
        }
        facts.serving = serving
        guard serving == .serving else {
            return run.fail(.endpoint, .healthNotServing, "\(subject) is \(serving.rawValue), not SERVING")
        }
        run.pass(.endpoint, serving.rawValue)
    }

    private func refused(_ status: GRPCStatus, said: String, _ run: inout TargetRun) {
        switch status {
        case .notFound: run.fail(.endpoint, .healthNotServing, "\(subject) is unknown (NOT_FOUND)", exception: said)
        case .unimplemented:
            run.fail(
                .endpoint, .answerUnexpected, "the server does not implement the health check (UNIMPLEMENTED): register grpc.health.v1",
                exception: said)
        case .deadlineExceeded: run.fail(.endpoint, .timeout, "the health check timed out (DEADLINE_EXCEEDED)", exception: said)
        default: run.fail(.endpoint, .answerUnexpected, "the health check returned \(status.name) instead of OK", exception: said)
        }
    }

    private var subject: String { options.service.isEmpty ? "the server" : "service '\(options.service)'" }

    /// Decodes a percent-encoded gRPC status message.
    private static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
