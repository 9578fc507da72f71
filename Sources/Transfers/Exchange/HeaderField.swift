/// One header field. Names are compared ignoring case.
package struct HeaderField: Sendable, Hashable {
    package var name: String
    package var value: String
    /// Whether the field is treated like `Authorization`: never sent to another host, and never without TLS after a redirect from https.
    package var isSecret = false

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Parses `Name: value` and trims the value; nil if the line has no colon.
    package init?(line: String) { self.init(line: Array(line.utf8)) }

    init?(line: some RandomAccessCollection<UInt8>) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x0A }
        let value = line[line.index(after: colon)...].drop(while: isSpace)
        let end = value.lastIndex { !isSpace($0) }.map { value.index(after: $0) } ?? value.startIndex
        name = String(decoding: line[..<colon], as: UTF8.self)
        self.value = String(decoding: value[..<end], as: UTF8.self)
    }

    /// Whether the field has this name, ignoring case.
    package func isNamed(_ name: String) -> Bool {
        self.name.utf8.count == name.utf8.count && zip(self.name.utf8, name.utf8).allSatisfy { Self.folded($0) == Self.folded($1) }
    }

    private static func folded(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }

    /// Whether all names and values contain only valid characters, so that no field can inject another.
    package static func areSendable(_ fields: [HeaderField]) -> Bool {
        fields.allSatisfy { field in
            !field.name.isEmpty && field.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
                && field.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
        }
    }
}
