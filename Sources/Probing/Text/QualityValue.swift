/// Quality values of `Accept` and `Accept-Encoding` headers (RFC 9110).
package enum QualityValue {
    /// The highest quality value that the header gives this name; nil if it does not list it. Case and other parameters are ignored.
    package static func of(_ name: String, in header: String) -> Double? {
        header.lowercased().split(separator: ",").compactMap { item in
            let parts = item.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
            guard parts.first == name else { return nil }
            return parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
        }.max()
    }
}
