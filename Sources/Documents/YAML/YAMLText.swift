import FoundationEssentials
import Yams

/// Writes YAML, quoted and escaped as necessary.
package enum YAMLText {
    /// `key: value`
    package static func entry(_ key: String, _ text: String) -> String { line(key, scalar(text)) }

    /// `key: [a, b]`
    package static func entry(_ key: String, _ texts: [String]) -> String {
        line(key, .sequence(Node.Sequence(texts.map(scalar), Tag(.implicit), .flow)))
    }

    private static func line(_ key: String, _ value: Node) -> String {
        let written = (try? Yams.serialize(node: Node([(scalar(key), value)]), width: -1, allowUnicode: true)) ?? ""
        return String(written.prefix { $0 != "\n" })
    }

    /// Double-quoted unless every YAML parser reads the plain text as a string.
    private static func scalar(_ text: String) -> Node {
        let isPlain =
            !text.isEmpty && text.utf8.allSatisfy(isPlainByte) && !text.hasPrefix("-") && !text.hasSuffix(":")
            && text.lowercased() != "null"
        return Node(text, Tag(.implicit), isPlain ? .plain : .doubleQuoted)
    }

    private static func isPlainByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-._/:=+".utf8.contains(byte)
    }

    /// The text of a whole node, with the keys in their order. Text that was quoted stays so.
    package static func document(_ node: YAMLNode) -> String {
        // Yams writes no tags of scalars.
        ((try? Yams.serialize(node: written(node))) ?? "").replacing(binaryMark, with: "!!binary ")
    }

    private static let binaryMark = "agent-binary-value-"

    private static func written(_ node: YAMLNode) -> Node {
        switch node.value {
        case .scalar(let text, let isPlain): Node(text, Tag(.implicit), isPlain ? .any : .doubleQuoted)
        case .binary(let bytes): Node(binaryMark + Data(bytes).base64EncodedString(), Tag(.implicit), .plain)
        case .list(let items): Node(items.map(written))
        case .mapping(let entries): Node(entries.map { (Node($0.key), written($0.value)) })
        }
    }
}
