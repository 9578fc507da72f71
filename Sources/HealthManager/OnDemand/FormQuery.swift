/// The query of a URL as forms write it, read as Go reads it: `+` is a space, of several equal names the first counts, and what cannot be
/// read (a cut escape, a semicolon) is as if it were not there.
package struct FormQuery: Sendable {
    private var fields: [(name: String, value: String)] = []

    package init(_ query: some StringProtocol) {
        for pair in Substring(query).utf8.split(separator: UInt8(ascii: "&")) where !pair.contains(UInt8(ascii: ";")) {
            let written = pair.prefix { $0 != UInt8(ascii: "=") }
            guard let name = PercentEncoding.decode(Substring(written), isForm: true),
                let value = PercentEncoding.decode(Substring(pair[written.endIndex...].dropFirst()), isForm: true)
            else { continue }
            fields.append((name, value))
        }
    }

    package subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}
