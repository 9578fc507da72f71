import Probing

/// The query part of a URL.
enum Query {
    /// - Returns: `?name=value&...`, percent-encoded, without the parameters whose value is nil; empty if all are nil.
    static func text(_ parameters: [(name: String, value: String?)]) -> String {
        let pairs = parameters.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encode($0))" } }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }
}
