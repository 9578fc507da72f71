import Documents
import Probing

extension Setting {
    init(_ node: YAMLNode, path: String) {
        func location(_ mark: YAMLMark) -> SourceLocation { SourceLocation(path: path, line: mark.line, column: mark.column) }
        let value: Value =
            switch node.value {
            case .scalar(let text, let isPlain): .scalar(text, isPlain: isPlain)
            case .binary(let bytes): .binary(bytes)
            case .list(let items): .list(items.map { Setting($0, path: path) })
            case .mapping(let entries):
                .mapping(
                    entries.map { Entry(key: $0.key, keyLocation: location($0.keyMark), value: Setting($0.value, path: path)) })
            }
        self.init(value, at: location(node.mark))
    }

    /// The setting as YAML text, with the keys in their order. Text that was quoted stays so.
    var yaml: String { YAMLText.document(node) }

    private var node: YAMLNode {
        func mark(_ location: SourceLocation) -> YAMLMark { YAMLMark(line: location.line ?? 1, column: location.column ?? 1) }
        let value: YAMLNode.Value =
            switch self.value {
            case .scalar(let text, let isPlain): .scalar(text, isPlain: isPlain)
            case .binary(let bytes): .binary(bytes)
            case .list(let items): .list(items.map(\.node))
            case .mapping(let entries):
                .mapping(entries.map { YAMLNode.Entry(key: $0.key, keyMark: mark($0.keyLocation), value: $0.value.node) })
            }
        return YAMLNode(value, at: mark(location))
    }
}
