import HTTPTypes

/// Headers that proxies add to forwarded requests. A request with any of them is treated as forwarded.
enum ProxyTrace {
    private static let names: Set<String> = ["forwarded", "forwarded-for", "via", "cdn-loop", "x-remote-addr", "x-host"]
    private static let prefixes = [
        "x-forwarded", "x-original-", "x-rewrite-", "x-proxy", "x-envoy-", "x-arr-", "x-azure-", "x-amzn-", "x-appengine-", "cf-",
        "fastly-",
    ]
    /// `X-Real-IP`, `True-Client-IP`, `X-Cluster-Client-IP`, `Fly-Client-IP` and similar.
    private static let suffixes = ["-ip", "-client-addr", "-forwarded-for", "-forwarded-host"]

    static func isLeft(in headers: HTTPFields) -> Bool {
        headers.contains { field in
            let name = hyphenated(field.name.canonicalName)
            return names.contains(name) || prefixes.contains { name.hasPrefix($0) } || suffixes.contains { name.hasSuffix($0) }
        }
    }

    /// Some proxies write underscores instead of hyphens.
    private static func hyphenated(_ name: String) -> String {
        guard name.utf8.contains(UInt8(ascii: "_")) else { return name }
        return String(decoding: name.utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 }, as: UTF8.self)
    }
}
