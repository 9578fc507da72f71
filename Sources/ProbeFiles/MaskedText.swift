import Addresses
import HealthManager
import Yams

/// Settings as YAML that may be shown: the values of secrets and of headers are masked, whoever asks.
enum MaskedText {
    private static let mask = "<secret>"
    /// A URL under one of these is no target: its query is a secret, too.
    private static let endpoint: Set<String> = ["proxy_url", "token_url"]
    /// A value under one of these is a secret, however deep.
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
