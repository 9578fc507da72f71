/// The query of a URL as forms write it, read as Go reads it: `+` is a space, of several equal names the first counts, and what cannot be
/// read (a cut escape, a semicolon) is as if it were not there.
package struct FormQuery: Sendable {
    private var values: [String: String] = [:]

    package init(_ query: some StringProtocol) {
        for pair in Substring(query).split(separator: "&") where !pair.contains(";") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0], isForm: true),
                let value = PercentEncoding.decode(parts.count > 1 ? parts[1] : "", isForm: true)
            else { continue }
            values[name] = values[name] ?? value
        }
    }

    package subscript(_ name: String) -> String? { values[name] }
}
