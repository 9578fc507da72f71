import CCurl

/// Host and port of a URL, by libcurl's own parser.
package struct URLHost: Sendable {
    package let scheme: String
    /// Without brackets; every spelling of an IPv4 address is `a.b.c.d` here.
    package let name: String
    package let port: UInt16
    /// `host:port` in lower case, the scheme's port where the URL has none.
    package let withPort: String
    package let hasCredentials: Bool

    package init?(_ url: String) {
        guard let parser = curl_url() else { return nil }
        defer { curl_url_cleanup(parser) }
        guard curl_url_set(parser, CURLUPART_URL, url, 0) == CURLUE_OK,
            let scheme = Self.part(parser, CURLUPART_SCHEME, 0), let host = Self.part(parser, CURLUPART_HOST, 0),
            let port = Self.part(parser, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)), let number = UInt16(port)
        else { return nil }
        self.scheme = scheme
        self.port = number
        name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        withPort = "\(host.lowercased()):\(port)"
        hasCredentials = Self.part(parser, CURLUPART_USER, 0) != nil
    }

    /// `host:port`, `[::1]:443` in two; nil for anything else.
    package static func split(_ text: String) -> (name: String, port: UInt16)? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { return (String(host.dropFirst().dropLast()), port) }
        return host.isEmpty || host.contains(":") ? nil : (String(host), port)
    }

    private static func part(_ parser: OpaquePointer, _ part: CURLUPart, _ flags: UInt32) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parser, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
