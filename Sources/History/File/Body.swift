import FoundationEssentials

/// JSON encoding of complete values. Dates keep full precision: a deadline must not change across a restart.
enum Body {
    /// In seconds, before or after 2001: more than 30,000 years.
    private static let farthest: TimeInterval = 1e12

    static func encode(_ value: some Encodable) throws -> String { String(decoding: try JSONEncoder().encode(value), as: UTF8.self) }

    /// - Throws: also if a date is so far away that only a damaged file can have it.
    static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let seconds = try container.decode(TimeInterval.self)
            guard abs(seconds) <= farthest else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "no date is \(seconds) seconds away from 2001")
            }
            return Date(timeIntervalSinceReferenceDate: seconds)
        }
        return try decoder.decode(type, from: Data(text.utf8))
    }
}
