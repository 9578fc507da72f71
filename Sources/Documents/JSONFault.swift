/// Why a document was rejected by the JSON parser. The description is a clause that can follow "is".
package enum JSONFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// Both start at 1; a column counts bytes.
    case malformed(line: Int, column: Int)
    case tooDeep(limit: Int)
    case tooManyValues(limit: Int)

    package var description: String {
        switch self {
        case .malformed(let line, let column): "not valid JSON (line \(line), column \(column))"
        case .tooDeep(let limit): "nested deeper than \(limit)"
        case .tooManyValues(let limit): "more than \(limit) values"
        }
    }
}

/// Limits for JSON documents, so that the cost of parsing is proportional to their length.
package struct JSONBounds: Sendable {
    package var depth: Int
    package var values: Int

    /// - Parameters:
    ///   - depth: maximum nesting of arrays and objects.
    ///   - values: maximum number of values.
    package init(depth: Int = 32, values: Int) {
        self.depth = depth
        self.values = values
    }

    /// For responses that a run waits for: a metadata document, a token.
    package static let answer = JSONBounds(values: 50_000)

    /// Checks the limits in one pass, without checking whether the bytes are valid JSON.
    /// - Throws: if a limit is exceeded.
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
