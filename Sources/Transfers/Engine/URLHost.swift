import CCurl

/// Host and port of a URL, by libcurl's own parser.
struct URLHost {
    /// Without brackets.
    let name: String
    /// `host:port` in lower case, the scheme's port where the URL has none.
    let withPort: String

    init?(_ url: String) {
        guard let parser = curl_url() else { return nil }
        defer { curl_url_cleanup(parser) }
        guard curl_url_set(parser, CURLUPART_URL, url, 0) == CURLUE_OK,
            let host = Self.part(parser, CURLUPART_HOST, 0), let port = Self.part(parser, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT))
        else { return nil }
        name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        withPort = "\(host.lowercased()):\(port)"
    }

    private static func part(_ parser: OpaquePointer, _ part: CURLUPart, _ flags: UInt32) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parser, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
