/// One header line. Names are compared ignoring case.
package struct HeaderField: Sendable, Hashable {
    package var name: String
    package var value: String
    /// Never sent to another host than the request was made for, nor in clear where it was not: as `Authorization`, whatever its name.
    package var isSecret = false

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Reads `Name: value`, spaces around the value dropped; nil for anything else.
    package init?(line: String) {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        name = String(line[..<colon])
        value = line[line.index(after: colon)...].trimmed
    }

    /// Whether none of them would end its line early and smuggle in another.
    package static func areSendable(_ fields: [HeaderField]) -> Bool {
        fields.allSatisfy { field in
            !field.name.isEmpty && field.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
                && field.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
        }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r\n" || $0 == "\n" || $0 == "\r" }
        guard let start = firstIndex(where: { !isSpace($0) }), let end = lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(self[start...end])
    }
}
