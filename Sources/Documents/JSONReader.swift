/// A single-pass JSON parser (RFC 8259).
struct JSONReader {
    private let bytes: [UInt8]
    private let bounds: JSONBounds
    private var position: Int
    private var values = 0

    static func read(_ bytes: [UInt8], _ bounds: JSONBounds) throws(JSONFault) -> JSONTree {
        var reader = JSONReader(bytes: bytes, bounds: bounds, position: bytes.byteOrderMark)
        let tree = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == bytes.count else { throw reader.malformed }
        return tree
    }

    private init(bytes: [UInt8], bounds: JSONBounds, position: Int) {
        self.bytes = bytes
        self.bounds = bounds
        self.position = position
    }

    private var malformed: JSONFault {
        let before = bytes[..<min(position, bytes.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        return .malformed(line: line, column: before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1)
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    /// Whether the next character after white space is this one; if so, it is consumed.
    private mutating func takes(_ sign: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: sign) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONFault) -> JSONTree {
        values += 1
        guard values <= bounds.values else { throw .tooManyValues(limit: bounds.values) }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return .object(try members(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try elements(depth: depth + 1))
        case UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func members(depth: Int) throws(JSONFault) -> [(name: String, value: JSONTree)] {
        guard depth <= bounds.depth else { throw .tooDeep(limit: bounds.depth) }
        position += 1
        var members: [(name: String, value: JSONTree)] = []
        if takes("}") { return members }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw malformed }
            let name = try text()
            guard takes(":") else { throw malformed }
            members.append((name, try value(depth: depth)))
        } while takes(",")
        guard takes("}") else { throw malformed }
        return members
    }

    private mutating func elements(depth: Int) throws(JSONFault) -> [JSONTree] {
        guard depth <= bounds.depth else { throw .tooDeep(limit: bounds.depth) }
        position += 1
        var elements: [JSONTree] = []
        if takes("]") { return elements }
        repeat { elements.append(try value(depth: depth)) } while takes(",")
        guard takes("]") else { throw malformed }
        return elements
    }

    private mutating func word(_ word: String, _ value: JSONTree) throws(JSONFault) -> JSONTree {
        guard bytes[position...].starts(with: word.utf8) else { throw malformed }
        position += word.utf8.count
        return value
    }

    private mutating func number() throws(JSONFault) -> Double {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        let first = next
        let whole = digits()
        guard whole == 1 || whole > 1 && first != UInt8(ascii: "0") else { throw malformed }
        if next == UInt8(ascii: ".") {
            position += 1
            guard digits() > 0 else { throw malformed }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            guard digits() > 0 else { throw malformed }
        }
        guard let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else { throw malformed }
        return number
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = next, (48...57).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func text() throws(JSONFault) -> String {
        position += 1
        let start = position
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "\\"), bytes[end] >= 0x20 { end += 1 }
        position = end
        // Fast path: most strings contain no escapes.
        var plain = bytes[start..<end]
        while next != UInt8(ascii: "\"") {
            guard let byte = next, byte >= 0x20 else { throw malformed }
            position += 1
            if byte == UInt8(ascii: "\\") { plain += try escaped() } else { plain.append(byte) }
        }
        guard let text = String(validating: plain, as: UTF8.self) else { throw malformed }
        position += 1
        return text
    }

    private mutating func escaped() throws(JSONFault) -> String.UTF8View {
        guard let sign = next else { throw malformed }
        position += 1
        switch sign {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return String(Unicode.Scalar(sign)).utf8
        case UInt8(ascii: "b"): return "\u{8}".utf8
        case UInt8(ascii: "f"): return "\u{C}".utf8
        case UInt8(ascii: "n"): return "\n".utf8
        case UInt8(ascii: "r"): return "\r".utf8
        case UInt8(ascii: "t"): return "\t".utf8
        case UInt8(ascii: "u"): return String(try scalar()).utf8
        default: throw malformed
        }
    }

    private mutating func scalar() throws(JSONFault) -> Unicode.Scalar {
        let high = try unit()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard UTF16.isLeadSurrogate(high), next == UInt8(ascii: "\\") else { throw malformed }
        position += 1
        guard next == UInt8(ascii: "u") else { throw malformed }
        position += 1
        let low = try unit()
        guard UTF16.isTrailSurrogate(low), let scalar = Unicode.Scalar(0x10000 + (UInt32(high & 0x3FF) << 10) + UInt32(low & 0x3FF))
        else { throw malformed }
        return scalar
    }

    private mutating func unit() throws(JSONFault) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next,
                let digit = Unicode.Scalar(byte).properties.isASCIIHexDigit ? Character(Unicode.Scalar(byte)).hexDigitValue : nil
            else { throw malformed }
            unit = unit << 4 + UInt16(digit)
            position += 1
        }
        return unit
    }
}
