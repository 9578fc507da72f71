import Documents
package import FoundationEssentials

/// JSON as this project writes and reads it: times ISO-8601 UTC in whole seconds, keys sorted, slashes plain.
package enum JSONText {
    /// Answers of an agent with very many probes stay below it.
    private static let bounds = JSONBounds(values: 10_000_000)

    package static func encode(_ value: some Encodable, pretty: Bool = false) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting =
            pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// - Throws: `JSONFault` for what is nested deeper, or holds more, than any document of this project.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value {
        let bytes = Array(bytes)
        try bounds.check(bytes)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            if let date = date(text) { return date }
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a time such as 2027-01-31T12:00:00Z is needed")
        }
        return try decoder.decode(type, from: Data(bytes))
    }

    /// A time as RFC 3339 writes it, with or without fractions of a second; nil too for a day that no calendar has.
    package static func date(_ text: String) -> Date? {
        let day = String(text.prefix(10))
        // What Foundation reads leniently, the 30th of February as the 2nd of March, does not come back as it was.
        guard (try? Date(day + "T00:00:00Z", strategy: .iso8601))?.formatted(.iso8601).hasPrefix(day) == true else { return nil }
        if let date = try? Date(text, strategy: .iso8601) { return date }
        return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
