package import Documents

extension Value {
    /// A JSON document as CEL sees it: every number is a `double`, and of several members with one name the last counts, as in Go.
    /// - Throws: also for more than 500,000 values, or nested deeper than 200.
    package init(json bytes: [UInt8]) throws(JSONFault) {
        self.init(try JSONTree(bytes, within: JSONBounds(depth: 200, values: 500_000)))
    }

    private init(_ tree: JSONTree) {
        switch tree {
        case .null: self = .null
        case .bool(let truth): self = .bool(truth)
        case .number(let number): self = .double(number)
        case .text(let text): self = .string(text)
        case .array(let elements): self = .list(elements.map { Value($0) })
        case .object(let members):
            var map = Mapping()
            for (name, value) in members { map.set(.string(name), Value(value)) }
            self = .map(map)
        }
    }
}
