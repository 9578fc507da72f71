import HealthManager
import Transfers

/// `compression`: how the answer's body must be encoded. It is undone, but not asked for: that is for an `Accept-Encoding` among `headers`.
enum Compression: String, Sendable, CaseIterable {
    case gzip, br, deflate, identity

    /// The encodings to undo; nil takes the body as it comes.
    var undone: String? { self == .identity ? nil : rawValue }

    /// What is wrong with the answer's encoding, in one clause; nil where nothing is.
    func fault(in response: ExchangeResponse) -> String? {
        guard self != .identity else { return nil }
        let named = response.values(of: "Content-Encoding").joined(separator: ", ")
        if named.lowercased() == rawValue || (self == .gzip && named.lowercased() == "x-gzip") { return nil }
        return "the body's Content-Encoding is \(named.isEmpty ? "not given" : "'\(named)'"), expected \(rawValue)"
    }

    /// Whether a server that follows an `Accept-Encoding` may answer with this encoding.
    func isAccepted(by header: String) -> Bool {
        var accepted: Bool?
        for part in header.split(separator: ",") {
            let pieces = part.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            guard let name = pieces.first else { continue }
            let quality = pieces.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            if name == rawValue { return quality > 0 }
            if name == "*" { accepted = quality > 0 }
        }
        return accepted ?? false
    }
}
