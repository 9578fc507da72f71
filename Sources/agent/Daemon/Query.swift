import HealthManager

/// The parameters of a question, as a URL bears them.
enum Query {
    /// - Returns: `?name=value&...`, or nothing where no value is there.
    static func text(_ parameters: [(name: String, value: String?)]) -> String {
        let pairs = parameters.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encode($0))" } }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }
}
