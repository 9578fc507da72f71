import FoundationEssentials

extension Value {
    /// A JSON document as CEL sees it: every number is a `double`, as in Go.
    /// - Returns: nil if the bytes are no JSON, or nested deeper than 200.
    package init?(json bytes: [UInt8]) {
        guard let node = try? JSONDecoder().decode(Node.self, from: Data(bytes)) else { return nil }
        self = node.value
    }

    private struct Node: Decodable {
        let value: Value

        private struct Name: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }

            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            guard decoder.codingPath.count <= 200 else {
                throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "nested too deeply"))
            }
            if let container = try? decoder.container(keyedBy: Name.self) {
                var map = Mapping()
                for key in container.allKeys { _ = map.add(.string(key.stringValue), try container.decode(Node.self, forKey: key).value) }
                value = .map(map)
            } else if var container = try? decoder.unkeyedContainer() {
                var list: [Value] = []
                while !container.isAtEnd { list.append(try container.decode(Node.self).value) }
                value = .list(list)
            } else {
                let single = try decoder.singleValueContainer()
                if single.decodeNil() {
                    value = .null
                } else if let truth = try? single.decode(Bool.self) {
                    value = .bool(truth)
                } else if let number = try? single.decode(Double.self) {
                    value = .double(number)
                } else {
                    value = .string(try single.decode(String.self))
                }
            }
        }
    }
}
