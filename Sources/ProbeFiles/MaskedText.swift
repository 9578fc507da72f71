import HealthManager
import Yams

/// Settings as YAML that may be shown: the values of secrets and of headers are masked, whoever asks.
enum MaskedText {
    private static let mask = "<secret>"
    /// A value under one of these is a secret, however deep.
    private static let secret: Set<String> = [
        "password", "credentials", "bearer_token", "client_secret", "headers", "http_headers", "metadata", "proxy_connect_header",
        "endpoint_params", "body", "send", "key",
    ]

    static func write(_ setting: Setting, under name: String) -> String {
        let node = Node([(Node(name), node(setting, isSecret: false))])
        return (try? Yams.serialize(node: node)) ?? "\(name): not shown\n"
    }

    private static func node(_ setting: Setting, isSecret: Bool) -> Node {
        switch setting.value {
        case .scalar(let text, let isPlain):
            if isSecret, !setting.isNull { return Node(mask) }
            return Node(withoutCredentials(text), Tag(.implicit), isPlain ? .any : .doubleQuoted)
        case .binary(let bytes): return Node(isSecret ? mask : "\(bytes.count) bytes")
        case .list(let items): return Node(items.map { node($0, isSecret: isSecret) })
        case .mapping(let entries):
            return Node(
                entries.map { entry in
                    (Node(entry.key), node(entry.value, isSecret: isSecret || secret.contains(entry.key)))
                })
        }
    }

    /// A URL's user and password are dropped.
    private static func withoutCredentials(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        let authority = text[scheme.upperBound...].prefix { !"/?#".contains($0) }
        guard let at = authority.lastIndex(of: "@") else { return text }
        return text[..<scheme.upperBound] + mask + text[at...]
    }
}
