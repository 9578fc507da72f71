import Documents
import Expressions
import Probing
import Transfers

/// Checks a response against a module's options; the first fault in blackbox_exporter's order decides.
struct HTTPJudgement {
    let options: HTTPOptions
    let report: ExchangeReport
    let response: ExchangeResponse

    enum Fault {
        case unexpected(Reason, String)
        /// A header or body pattern failed.
        case pattern(String)
        /// A CEL expression failed.
        case expression(String)
        /// The response is incomplete.
        case incomplete(ExchangeFailure)
    }

    var fault: Fault? { login ?? status ?? headers ?? incomplete ?? body ?? version ?? encryption }

    /// A redirect that is not followed is judged like any other response.
    private var isLastRedirect: Bool { report.failure?.kind == .tooManyRedirects }

    /// The only failure before the body that leaves a response.
    private var login: Fault? {
        report.failure.flatMap { $0.phase == .processing ? .incomplete($0) : nil }
    }

    private var status: Fault? {
        let status = response.status
        let isValid = options.statuses.isEmpty ? (200...299).contains(status) : options.statuses.contains(status)
        guard !isValid else { return nil }
        let expected = options.statuses.isEmpty ? "2xx" : options.statuses.map(String.init).joined(separator: ", ")
        guard isLastRedirect else { return .unexpected(.httpStatus, "the HTTP status is \(status), expected \(expected)") }
        let why = options.followsRedirects ? "redirected more than \(HTTPProbe.mostRedirects) times" : "redirects are not followed"
        return .unexpected(.httpRedirect, "\(why): the last HTTP status is \(status), expected \(expected)")
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
        let bound = options.bodyLimit.map { "\($0) bytes, the value of 'body_size_limit'" }
        return .unexpected(
            .httpTooLarge,
            "the response body is larger than \(bound ?? "\(HTTPProbe.mostKept) bytes, the limit for body patterns: raise 'body_size_limit'")"
        )
    }

    private var body: Fault? {
        // The body of a redirect that is not followed is read only if there are patterns.
        if isLastRedirect, !options.readsBody { return nil }
        if let fault = options.compression?.fault(in: response) { return .unexpected(.answerUnexpected, fault) }
        if let pattern = options.bodyMustNotMatch.first(where: { $0.matches(response.body) }) {
            return .pattern("the body matches '\(pattern.text)', which it must not")
        }
        if let pattern = options.bodyMustMatch.first(where: { !$0.matches(response.body) }) {
            return .pattern("the body does not match '\(pattern.text)'")
        }
        return options.hasExpressions ? expressions : nil
    }

    private var expressions: Fault? {
        let body: Value
        do throws(JSONFault) { body = try Value(json: response.body) } catch { return .expression("the body is \(error)") }
        for (expression, expected) in [(options.bodyMustNotBeTrue, false), (options.bodyMustBeTrue, true)] {
            guard let expression else { continue }
            do throws(EvaluationError) {
                guard try expression.isTrue(of: body) != expected else { continue }
                return .expression(
                    expected
                        ? "the body's JSON does not fulfil '\(expression.text)'"
                        : "the body's JSON fulfils '\(expression.text)', which it must not")
            } catch { return .expression("'\(expression.text)' cannot be evaluated for the body's JSON: \(error)") }
        }
        return nil
    }

    private var version: Fault? {
        let version = "HTTP/" + (response.version.contains(".") ? response.version : response.version + ".0")
        guard !options.versions.isEmpty, !options.versions.contains(version) else { return nil }
        return .unexpected(
            .answerUnexpected, "the response used \(version), expected \(options.versions.joined(separator: ", "))")
    }

    private var encryption: Fault? {
        let isTLS = HTTPProbe.isTLS(response)
        if isTLS, options.failsWithTLS {
            return .unexpected(.answerUnexpected, "the last response was received over TLS, which 'fail_if_ssl' does not allow")
        }
        if !isTLS, options.failsWithoutTLS {
            return .unexpected(.answerUnexpected, "the last response was not received over TLS, which 'fail_if_not_ssl' requires")
        }
        return nil
    }
}
