/// A form-encoded URL query, parsed as Go does: `+` is a space, the first of several equal names is used, and a pair that cannot be
/// parsed (a truncated escape, a semicolon) is ignored.
package struct FormQuery: Sendable {
    private var fields: [(name: String, value: String)] = []

    /// - Parameter query: the query without its `?`.
    package init(_ query: some StringProtocol) {
        for pair in Substring(query).utf8.split(separator: UInt8(ascii: "&")) where !pair.contains(UInt8(ascii: ";")) {
            let written = pair.prefix { $0 != UInt8(ascii: "=") }
            guard let name = PercentEncoding.decode(Substring(written), isForm: true),
                let value = PercentEncoding.decode(Substring(pair[written.endIndex...].dropFirst()), isForm: true)
            else { continue }
            fields.append((name, value))
        }
    }

    /// The decoded value of the first field with this name; nil if there is none.
    package subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}
