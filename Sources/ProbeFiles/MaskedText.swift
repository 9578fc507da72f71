import Addresses
import Probing

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
        let masked = masked(setting, under: name, isSecret: false)
        let text = Setting(.mapping([.init(key: name, keyLocation: setting.location, value: masked)]), at: setting.location).yaml
        return text.isEmpty ? "\(name): not shown\n" : text
    }

    private static func masked(_ setting: Setting, under key: String, isSecret: Bool) -> Setting {
        var shown = setting
        switch setting.value {
        case .scalar(let text, let isPlain):
            guard !isSecret || setting.isNull else { shown.value = .scalar(mask, isPlain: true); break }
            shown.value = .scalar(endpoint.contains(key) ? URLRedaction.endpoint(text) : URLRedaction.target(text), isPlain: isPlain)
        case .binary(let bytes): shown.value = .scalar(isSecret ? mask : "\(bytes.count) bytes", isPlain: true)
        case .list(let items): shown.value = .list(items.map { masked($0, under: key, isSecret: isSecret) })
        case .mapping(let entries):
            shown.value = .mapping(
                entries.map { entry in
                    var entry = entry
                    entry.value = masked(entry.value, under: entry.key, isSecret: isSecret || secret.contains(entry.key))
                    return entry
                })
        }
        return shown
    }
}
