import Addresses
import Probing
import Yams

/// Writes settings as YAML for display, with the values of secrets and headers masked.
enum MaskedText {
    private static let mask = "<secret>"
    /// Keys whose values are endpoint URLs, of which the query is masked too.
    private static let endpoint: Set<String> = ["proxy_url", "token_url"]
    /// Keys whose values are masked completely, at any depth.
    private static let secret: Set<String> = [
        "password", "credentials", "bearer_token", "client_secret", "headers", "http_headers", "metadata", "proxy_connect_header",
        "endpoint_params", "body", "send", "key",
    ]

    static func write(_ setting: Setting, under name: String) -> String {
        let node = Node([(Node(name), node(setting, under: name, isSecret: false))])
        return (try? Yams.serialize(node: node)) ?? "\(name): not shown\n"
    }

    private static func node(_ setting: Setting, under key: String, isSecret: Bool) -> Node {
        switch setting.value {
        case .scalar(let text, let isPlain):
            if isSecret, !setting.isNull { return Node(mask) }
            let shown = endpoint.contains(key) ? URLRedaction.endpoint(text) : URLRedaction.target(text)
            return Node(shown, Tag(.implicit), isPlain ? .any : .doubleQuoted)
        case .binary(let bytes): return Node(isSecret ? mask : "\(bytes.count) bytes")
        case .list(let items): return Node(items.map { node($0, under: key, isSecret: isSecret) })
        case .mapping(let entries):
            return Node(
                entries.map { entry in
                    (Node(entry.key), node(entry.value, under: entry.key, isSecret: isSecret || secret.contains(entry.key)))
                })
        }
    }
}
