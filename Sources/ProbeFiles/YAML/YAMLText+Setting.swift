import FoundationEssentials
import Probing
import Yams

extension Setting {
    /// The setting as YAML text, with the keys in their order. Text that was quoted stays so.
    var yaml: String {
        // Yams writes no tags of scalars.
        ((try? Yams.serialize(node: node)) ?? "").replacing(Self.binaryMark, with: "!!binary ")
    }

    private static let binaryMark = "agent-binary-value-"

    private var node: Node {
        switch value {
        case .scalar(let text, let isPlain): Node(text, Tag(.implicit), isPlain ? .any : .doubleQuoted)
        case .binary(let bytes): Node(Self.binaryMark + Data(bytes).base64EncodedString(), Tag(.implicit), .plain)
        case .list(let items): Node(items.map(\.node))
        case .mapping(let entries): Node(entries.map { (Node($0.key), $0.value.node) })
        }
    }
}
