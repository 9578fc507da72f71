import HealthManager
import Transfers

/// What is wrong with an answer by a module's options; the first fault in blackbox_exporter's order decides.
struct HTTPJudgement {
    let options: HTTPOptions
    let report: ExchangeReport
    let response: ExchangeResponse

    enum Fault {
        case unexpected(Reason, String)
        /// Of a header's or the body's pattern.
        case pattern(String)
        /// The answer did not come whole.
        case incomplete(ExchangeFailure)
    }

    var fault: Fault? { status ?? headers ?? incomplete ?? body ?? version ?? encryption }

    /// A redirect that is not followed is an answer as any other.
    private var isLastRedirect: Bool { report.failure?.kind == .tooManyRedirects }

    private var status: Fault? {
        let status = response.status
        let isValid = options.statuses.isEmpty ? (200...299).contains(status) : options.statuses.contains(status)
        guard !isValid else { return nil }
        let expected = options.statuses.isEmpty ? "2xx" : options.statuses.map(String.init).joined(separator: ", ")
        guard isLastRedirect else { return .unexpected(.httpStatus, "the answer's status is \(status), expected \(expected)") }
        let why = options.followsRedirects ? "redirected more than \(HTTPProbe.mostRedirects) times" : "redirects are not followed"
        return .unexpected(.httpRedirect, "\(why): the last answer's status is \(status), expected \(expected)")
    }

    private var headers: Fault? {
        if let failure = report.failure, failure.kind == .headersTooLarge { return .incomplete(failure) }
        for match in options.headersMustNotMatch {
            if let fault = match.fault(in: response, wanted: false) { return .pattern(fault) }
        }
        for match in options.headersMustMatch {
            if let fault = match.fault(in: response, wanted: true) { return .pattern(fault) }
        }
        return nil
    }

    private var incomplete: Fault? {
        guard let failure = report.failure, !isLastRedirect else { return nil }
        guard failure.kind == .bodyTooLarge else { return .incomplete(failure) }
        let bound = options.bodyLimit.map { "\($0) bytes, which 'body_size_limit' allows" }
        return .unexpected(
            .httpTooLarge,
            "the answer's body is larger than \(bound ?? "\(HTTPProbe.mostKept) bytes, which patterns are looked for in: set 'body_size_limit' higher")"
        )
    }

    private var body: Fault? {
        if let fault = options.compression?.fault(in: response) { return .unexpected(.answerUnexpected, fault) }
        if let pattern = options.bodyMustNotMatch.first(where: { $0.matches(response.body) }) {
            return .pattern("the body matches '\(pattern.text)', which it must not")
        }
        if let pattern = options.bodyMustMatch.first(where: { !$0.matches(response.body) }) {
            return .pattern("the body does not match '\(pattern.text)'")
        }
        return nil
    }

    private var version: Fault? {
        let version = "HTTP/" + (response.version.contains(".") ? response.version : response.version + ".0")
        guard !options.versions.isEmpty, !options.versions.contains(version) else { return nil }
        return .unexpected(
            .answerUnexpected, "the answer came over \(version), expected \(options.versions.joined(separator: ", "))")
    }

    private var encryption: Fault? {
        let isTLS = HTTPProbe.isTLS(response)
        if isTLS, options.failsWithTLS {
            return .unexpected(.answerUnexpected, "the last answer came over TLS, which 'fail_if_ssl' refuses")
        }
        if !isTLS, options.failsWithoutTLS {
            return .unexpected(.answerUnexpected, "the last answer did not come over TLS, which 'fail_if_not_ssl' asks for")
        }
        return nil
    }
}
