import Addresses

/// Settings as they may be shown.
extension Setting {
    private static let mask = "<secret>"
    /// Keys whose values are endpoint URLs, of which the query is masked too.
    private static let endpoint: Set<String> = ["proxy_url", "token_url"]
    /// Keys whose values are masked completely, at any depth.
    private static let secret: Set<String> = [
        "password", "credentials", "bearer_token", "client_secret", "headers", "http_headers", "metadata", "proxy_connect_header",
        "endpoint_params", "body", "send", "key",
    ]

    /// A copy for display, with the values of secrets and headers masked, and credentials in URLs.
    /// - Parameter key: under which it is written.
    package func masked(under key: String) -> Setting { masked(under: key, isSecret: Self.secret.contains(key)) }

    private func masked(under key: String, isSecret: Bool) -> Setting {
        var shown = self
        switch value {
        case .scalar(let text, let isPlain):
            guard !isSecret || isNull else { shown.value = .scalar(Self.mask, isPlain: true); break }
            shown.value = .scalar(Self.endpoint.contains(key) ? URLRedaction.endpoint(text) : URLRedaction.target(text), isPlain: isPlain)
        case .binary(let bytes): shown.value = .scalar(isSecret ? Self.mask : "\(bytes.count) bytes", isPlain: true)
        case .list(let items): shown.value = .list(items.map { $0.masked(under: key, isSecret: isSecret) })
        case .mapping(let entries):
            shown.value = .mapping(
                entries.map { entry in
                    var entry = entry
                    entry.value = entry.value.masked(under: entry.key, isSecret: isSecret || Self.secret.contains(entry.key))
                    return entry
                })
        }
        return shown
    }

    /// In one line, for people rather than parsers: `{ method: POST, valid_status_codes: [200, 204] }`. Not for secrets: see `masked`.
    package var line: String {
        switch value {
        case .scalar(let text, _): text
        case .binary(let bytes): "\(bytes.count) bytes"
        case .list(let items): "[" + items.map(\.line).joined(separator: ", ") + "]"
        case .mapping(let entries):
            entries.isEmpty ? "{}" : "{ " + entries.map { "\($0.key): \($0.value.line)" }.joined(separator: ", ") + " }"
        }
    }
}
