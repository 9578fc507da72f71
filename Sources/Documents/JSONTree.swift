/// A parsed JSON document. Object members are in document order.
package indirect enum JSONTree: Sendable {
    case object([(name: String, value: JSONTree)])
    case array([JSONTree])
    case text(String)
    case number(Double)
    case bool(Bool)
    case null

    /// Parses UTF-8, with or without a byte order mark.
    package init(_ bytes: [UInt8], within bounds: JSONBounds) throws(JSONFault) {
        self = try JSONReader.read(bytes, bounds)
    }

    /// The member with exactly this name, else the first whose name differs only in case (publishers differ); nil if there is none.
    package subscript(name: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        if let exact = members.first(where: { $0.name == name }) { return exact.value }
        return members.first { Self.isSame($0.name.utf8, name.utf8) }?.value
    }

    package var elements: [JSONTree]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    package var text: String? {
        if case .text(let text) = self { return text }
        return nil
    }

    /// A number of seconds above zero and below 30 years, or a text that is one: token endpoints write both. Nil for anything else.
    package var duration: Duration? {
        let seconds = if case .number(let number) = self { number } else { text.flatMap(Double.init) }
        return seconds.flatMap { $0 > 0 && $0 < 1e9 ? .seconds($0) : nil }
    }

    package var isNull: Bool { if case .null = self { true } else { false } }

    /// Compares ignoring the case of ASCII letters.
    private static func isSame(_ left: String.UTF8View, _ right: String.UTF8View) -> Bool {
        left.count == right.count && left.elementsEqual(right) { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }
}
