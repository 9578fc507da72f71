/// Why bytes are not read as JSON.
package enum JSONFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// From 1; a column counts bytes.
    case malformed(line: Int, column: Int)
    case tooDeep(limit: Int)
    case tooManyValues(limit: Int)

    package var description: String {
        switch self {
        case .malformed(let line, let column): "not JSON (line \(line), column \(column))"
        case .tooDeep(let limit): "nested deeper than \(limit)"
        case .tooManyValues(let limit): "more than \(limit) values"
        }
    }
}

/// How much of a JSON document is taken: what reading it costs grows with its length alone.
package struct JSONBounds: Sendable {
    package var depth: Int
    package var values: Int

    package init(depth: Int = 32, values: Int) {
        self.depth = depth
        self.values = values
    }

    /// What a peer sends that a run waits for: a metadata document, a token.
    package static let answer = JSONBounds(values: 50_000)

    /// Refuses what exceeds the bounds, in one pass. Whether it is JSON at all is left to who decodes it.
    package func check(_ bytes: some Sequence<UInt8>) throws(JSONFault) {
        var (open, count) = (0, 1)
        var (isText, isEscaped) = (false, false)
        for byte in bytes {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                open += 1
                count += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): open -= 1
            case UInt8(ascii: ","): count += 1
            default: break
            }
            if open > depth { throw .tooDeep(limit: depth) }
            if count > values { throw .tooManyValues(limit: values) }
        }
    }
}
