import Probing
import Transfers

/// The options of `http`, in the format of blackbox_exporter's modules. A class, because all probes of a definition share them.
final class HTTPOptions: Sendable {
    enum Body: Sendable {
        case none
        case text([UInt8])
        /// The file is read at each run.
        case file(String)
    }

    /// Empty means any of 200 to 299.
    let statuses: [Int]
    /// `HTTP/1.1`; empty means any.
    let versions: [String]
    let method: ExchangeRequest.Method
    let headers: HTTPHeaders
    let body: Body
    /// Maximum size of the response body in bytes, after decompression; nil means no limit.
    let bodyLimit: Int?
    let compression: Compression?
    let followsRedirects: Bool
    let failsWithTLS: Bool
    let failsWithoutTLS: Bool
    /// Of the body's JSON.
    let bodyMustBeTrue: BodyExpression?
    let bodyMustNotBeTrue: BodyExpression?
    let bodyMustNotMatch: [Pattern]
    let bodyMustMatch: [Pattern]
    let headersMustNotMatch: [HeaderMatch]
    let headersMustMatch: [HeaderMatch]
    let tls: TLSOptions
    let authorization: Authorization
    let proxy: ProxyOptions
    let leavesNamesToProxy: Bool
    let version: ExchangeRequest.Version
    let address: AddressOptions

    init(_ reader: SettingsReader, _ services: TargetServices) {
        statuses = Self.statuses(reader)
        versions = Self.versions(reader)
        method = Self.method(reader)
        headers = HTTPHeaders(reader)
        body = Self.body(reader)
        bodyLimit = reader.byteSize("body_size_limit").flatMap { $0 == 0 ? nil : $0 }
        compression = reader.choice("compression", CompressionWord.self).flatMap { Compression(rawValue: $0.rawValue) }
        followsRedirects = Self.followsRedirects(reader)
        failsWithTLS = reader.bool("fail_if_ssl") ?? false
        failsWithoutTLS = reader.bool("fail_if_not_ssl") ?? false
        bodyMustNotMatch = reader.patterns("fail_if_body_matches_regexp")
        bodyMustMatch = reader.patterns("fail_if_body_not_matches_regexp")
        bodyMustNotBeTrue = reader.expression("fail_if_body_json_matches_cel")
        bodyMustBeTrue = reader.expression("fail_if_body_json_not_matches_cel")
        headersMustNotMatch = HeaderMatch.list(reader, "fail_if_header_matches")
        headersMustMatch = HeaderMatch.list(reader, "fail_if_header_not_matches")
        tls = TLSOptions(reader.mapping("tls_config"), services)
        authorization = Authorization(reader, services)
        proxy = ProxyOptions(reader)
        leavesNamesToProxy = reader.bool("skip_resolve_phase_with_proxy") ?? false
        version = Self.version(reader)
        address = AddressOptions(reader, hasSource: false)
        if let wanted = compression, let asked = headers.value(of: "Accept-Encoding"), !asked.isEmpty, !wanted.isAccepted(by: asked) {
            reader.error(
                "'compression: \(wanted.rawValue)' and the header 'Accept-Encoding: \(asked)' contradict each other: accept \(wanted.rawValue), or remove one of them",
                at: reader.location(of: "compression"))
        }
        if case .windows = authorization, headers.value(of: "Authorization") != nil {
            reader.error(
                "'windows_auth' and the header 'Authorization' are mutually exclusive: keep one", at: reader.location(of: "windows_auth"))
        }
    }

    /// Empty means unset.
    private enum CompressionWord: String, CaseIterable { case none = "", gzip, br, deflate, identity }

    /// Whether the body is needed for patterns.
    var readsBody: Bool { !bodyMustMatch.isEmpty || !bodyMustNotMatch.isEmpty || hasExpressions }
    var hasExpressions: Bool { bodyMustBeTrue != nil || bodyMustNotBeTrue != nil }

    private static func statuses(_ reader: SettingsReader) -> [Int] {
        (reader.settings("valid_status_codes") ?? []).compactMap { setting in
            if case .scalar(let text, _) = setting.value, let status = Int(text), (100...999).contains(status) { return status }
            reader.error("'valid_status_codes' must be a list of statuses such as 200, found \(setting.shape) in it", at: setting.location)
            return nil
        }
    }

    private static func versions(_ reader: SettingsReader) -> [String] {
        let known = ["HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/3.0"]
        return (reader.strings("valid_http_versions") ?? []).map { ["HTTP/2": "HTTP/2.0", "HTTP/3": "HTTP/3.0"][$0] ?? $0 }.filter {
            version in
            if known.contains(version) { return true }
            reader.error(
                "'valid_http_versions' must be a list of \(known.joined(separator: ", ")), found '\(version)' in it",
                at: reader.location(of: "valid_http_versions"))
            return false
        }
    }

    private static func version(_ reader: SettingsReader) -> ExchangeRequest.Version {
        let wantsHTTP2 = reader.bool("enable_http2") ?? true
        guard reader.bool("enable_http3") ?? false else { return wantsHTTP2 ? .http2 : .http1_1 }
        if !ExchangeRequest.Version.http3Only.isAvailable {
            reader.unsupported(
                "'enable_http3' is not supported: the installed libcurl has no HTTP/3; install one that has, or remove the option",
                at: reader.location(of: "enable_http3"))
        }
        return .http3Only
    }

    private static func method(_ reader: SettingsReader) -> ExchangeRequest.Method {
        guard let name = reader.string("method"), !name.isEmpty else { return .get }
        let method = ExchangeRequest.Method(name)
        if !method.isSendable {
            reader.error("'method' must be one word such as GET, found '\(name)'", at: reader.location(of: "method"))
        }
        return method
    }

    private static func body(_ reader: SettingsReader) -> Body {
        let text = reader.bytes("body").flatMap { $0.isEmpty ? nil : $0 }
        let file = reader.path("body_file").flatMap { $0.isEmpty ? nil : $0 }
        if text != nil, file != nil {
            reader.error("'body' and 'body_file' are mutually exclusive: keep one", at: reader.location(of: "body_file"))
        }
        return text.map { .text($0) } ?? file.map { .file($0) } ?? .none
    }

    private static func followsRedirects(_ reader: SettingsReader) -> Bool {
        let follows = reader.bool("follow_redirects")
        guard let refuses = reader.bool("no_follow_redirects") else { return follows ?? true }
        reader.warning(
            "'no_follow_redirects' is deprecated: use 'follow_redirects: \(!refuses)'", at: reader.location(of: "no_follow_redirects"))
        return !refuses
    }
}
