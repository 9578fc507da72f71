import FoundationEssentials

/// Any JSON, looked into by member names in any case: publishers differ in it.
enum JSONTree: Sendable, Decodable {
    case object([String: JSONTree])
    case array([JSONTree])
    case text(String)
    case other

    init(_ bytes: [UInt8]) throws {
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        self = try JSONDecoder().decode(JSONTree.self, from: Data(hasMark ? bytes.dropFirst(3) : bytes[...]))
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // Most values are texts, and an attempt that fails is what costs.
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let members = try? container.decode([String: JSONTree].self) {
            self = .object(Dictionary(members.map { ($0.key.lowercased(), $0.value) }) { first, _ in first })
        } else if let elements = try? container.decode([JSONTree].self) {
            self = .array(elements)
        } else {
            self = .other
        }
    }

    subscript(name: String) -> JSONTree? {
        if case .object(let members) = self { return members[name.lowercased()] }
        return nil
    }

    var elements: [JSONTree]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    var text: String? {
        if case .text(let text) = self { return text }
        return nil
    }
}
