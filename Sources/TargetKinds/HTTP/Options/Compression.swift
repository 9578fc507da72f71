import Probing
import Transfers

/// `compression`: the expected encoding of the response body. The body is decoded; an `Accept-Encoding` must be set in `headers`.
enum Compression: String, Sendable, CaseIterable {
    case gzip, br, deflate, identity

    /// The encoding to decode; nil leaves the body as it is.
    var undone: String? { self == .identity ? nil : rawValue }

    /// Why the response's encoding is not as expected, as one clause; nil if it is.
    func fault(in response: ExchangeResponse) -> String? {
        guard self != .identity else { return nil }
        let named = response.values(of: "Content-Encoding").joined(separator: ", ")
        if named.lowercased() == rawValue || (self == .gzip && named.lowercased() == "x-gzip") { return nil }
        return "the body's Content-Encoding is \(named.isEmpty ? "not given" : "'\(named)'"), expected \(rawValue)"
    }

    /// Whether an `Accept-Encoding` header allows this encoding.
    func isAccepted(by header: String) -> Bool {
        (QualityValue.of(rawValue, in: header) ?? QualityValue.of("*", in: header) ?? 0) > 0
    }
}
