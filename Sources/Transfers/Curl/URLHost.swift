import Addresses
import CCurl

/// Scheme, host and port of a URL, parsed by libcurl.
package struct URLHost: Sendable {
    /// In lower case.
    package let scheme: String
    /// In ASCII, without brackets; an IPv4 address in any notation is normalized to `a.b.c.d`.
    package let name: String
    package let port: UInt16
    /// `host:port` in lower case, with the scheme's default port if the URL has none.
    package let withPort: String
    package let hasCredentials: Bool

    /// Nil if the URL cannot be parsed or its host name is invalid.
    package init?(_ url: String) {
        guard let parser = curl_url() else { return nil }
        defer { curl_url_cleanup(parser) }
        guard curl_url_set(parser, CURLUPART_URL, url, 0) == CURLUE_OK,
            let scheme = Self.part(parser, CURLUPART_SCHEME, 0),
            let host = Self.part(parser, CURLUPART_HOST, 0).flatMap({ HostName.ascii($0) }),
            let port = Self.part(parser, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)), let number = UInt16(port)
        else { return nil }
        self.scheme = scheme.lowercased()
        self.port = number
        name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        withPort = "\(host.lowercased()):\(port)"
        hasCredentials = Self.part(parser, CURLUPART_USER, 0) != nil
    }

    /// Splits `host:port` or `[::1]:443`, the host in ASCII without brackets; nil for anything else.
    package static func split(_ text: String) -> (name: String, port: UInt16)? {
        guard let written = HostPort(text), !written.host.isEmpty, let name = HostName.ascii(written.host) else { return nil }
        return (name, written.port)
    }

    /// The absolute URL to request, with its host in ASCII and invalid characters escaped; `text` may be relative to `base`.
    /// - Returns: nil if it is not a valid http or https URL.
    package static func absolute(_ text: String, base: String? = nil) -> String? {
        guard let parser = curl_url() else { return nil }
        defer { curl_url_cleanup(parser) }
        if let base {
            guard curl_url_set(parser, CURLUPART_URL, base, 0) == CURLUE_OK else { return nil }
            // libcurl would append to the fragment, and take a fragment alone for a path.
            curl_url_set(parser, CURLUPART_FRAGMENT, nil, 0)
            if text.hasPrefix("#") { return part(parser, CURLUPART_URL, 0) }
        }
        // The path of an absolute URL is kept as written; a relative URL is resolved.
        let flags = UInt32(CURLU_URLENCODE) | UInt32(CURLU_ALLOW_SPACE) | (base == nil ? UInt32(CURLU_PATH_AS_IS) : 0)
        guard curl_url_set(parser, CURLUPART_URL, text, flags) == CURLUE_OK, hasASCIIHost(parser), let url = part(parser, CURLUPART_URL, 0),
            ["http", "https"].contains(part(parser, CURLUPART_SCHEME, 0)?.lowercased())
        else { return nil }
        return url
    }

    /// Whether a URL is absolute: `scheme:...`.
    static func hasScheme(_ url: String) -> Bool {
        guard let colon = url.utf8.firstIndex(of: UInt8(ascii: ":")), url.utf8.first.map({ isLetter($0) }) ?? false else { return false }
        return url.utf8[..<colon].allSatisfy { isLetter($0) || (48...57).contains($0) || "+-.".utf8.contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }

    /// The URL with its host in ASCII and otherwise unchanged; nil if it is invalid.
    static func withASCIIHost(_ url: String) -> String? {
        guard url.utf8.contains(where: { $0 >= 0x80 }) else { return url }
        guard let parser = curl_url() else { return nil }
        defer { curl_url_cleanup(parser) }
        guard curl_url_set(parser, CURLUPART_URL, url, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK, hasASCIIHost(parser) else { return nil }
        return part(parser, CURLUPART_URL, 0)
    }

    /// Replaces the host by its ASCII form; false if it is invalid.
    private static func hasASCIIHost(_ parser: OpaquePointer) -> Bool {
        guard let host = part(parser, CURLUPART_HOST, 0), let ascii = HostName.ascii(host) else { return false }
        return ascii == host || curl_url_set(parser, CURLUPART_HOST, ascii, 0) == CURLUE_OK
    }

    /// The URL with another host, and its original `host` or `host:port`.
    static func replacingHost(of url: String, with host: String) -> (url: String, authority: String)? {
        guard let parser = curl_url() else { return nil }
        defer { curl_url_cleanup(parser) }
        guard curl_url_set(parser, CURLUPART_URL, url, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK, let name = part(parser, CURLUPART_HOST, 0)
        else { return nil }
        let authority = part(parser, CURLUPART_PORT, 0).map { "\(name):\($0)" } ?? name
        guard curl_url_set(parser, CURLUPART_HOST, host, 0) == CURLUE_OK, let url = part(parser, CURLUPART_URL, 0) else { return nil }
        return (url, authority)
    }

    private static func part(_ parser: OpaquePointer, _ part: CURLUPart, _ flags: UInt32) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parser, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
