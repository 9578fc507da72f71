package import FoundationEssentials

/// JSON as used by the agent: times in ISO 8601 UTC with whole seconds, keys sorted, slashes not escaped.
package enum JSONText {
    /// Responses of an agent with very many probes stay below this limit.
    private static let bounds = JSONBounds(values: 10_000_000)

    /// Encodes a value as UTF-8.
    package static func encode(_ value: some Encodable, pretty: Bool = false) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting =
            pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// - Throws: `JSONFault` if the document is nested deeper or holds more values than any document of the agent, `DecodingError` if it
    ///   does not match `type`.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value {
        let bytes = Array(bytes)
        try bounds.check(bytes)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            if let date = date(text) { return date }
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a time such as 2027-01-31T12:00:00Z")
        }
        return try decoder.decode(type, from: Data(bytes))
    }

    /// Parses an RFC 3339 time, with or without fractions of a second; nil if it is not valid, including dates that do not exist.
    package static func date(_ text: String) -> Date? {
        // Foundation reads no further than it understands.
        guard text.utf8.count <= 40, text.utf8.allSatisfy({ (48...58).contains($0) || "+-.TZ".utf8.contains($0) }),
            !text.dropLast().contains("Z")
        else { return nil }
        let day = String(text.prefix(10))
        // Foundation is lenient and reads 30 February as 2 March: such a date is not formatted back to the same text.
        guard (try? Date(day + "T00:00:00Z", strategy: .iso8601))?.formatted(.iso8601).hasPrefix(day) == true else { return nil }
        if let date = try? Date(text, strategy: .iso8601) { return date }
        return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
