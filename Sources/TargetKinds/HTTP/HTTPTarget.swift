import Probing
import Transfers

/// Converts a target of `http` to the request URL: as written, with invalid characters escaped.
enum HTTPTarget {
    /// Characters that are not valid in a path, and that libcurl does not escape.
    private static let notInPaths = #""<>\^`{|}"#

    /// nil if the text is not an HTTP URL.
    static func url(_ text: String) -> String? {
        let hasScheme = hasScheme(text)
        var rest = text[...]
        if hasScheme, let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) { rest = text[text.utf8.index(colon, offsetBy: 3)...] }
        let authority = prefix(of: rest, before: "/?#")
        let path = prefix(of: rest[authority.endIndex...], before: "?#")
        guard PercentEncoding.isWhole(authority), PercentEncoding.isWhole(path) else { return nil }
        return URLHost.absolute(
            (hasScheme ? text[..<rest.startIndex] : "http://") + login(authority) + host(authority) + escaped(path) + rest[path.endIndex...]
        )
    }

    /// Whether it starts with letters and `://`.
    private static func hasScheme(_ text: String) -> Bool {
        let scheme = text.utf8.prefix { $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") }
        return !scheme.isEmpty && text.utf8[scheme.endIndex...].starts(with: "://".utf8)
    }

    private static func prefix(of text: Substring, before ends: String) -> Substring {
        text[..<(text.utf8.firstIndex { ends.utf8.contains($0) } ?? text.endIndex)]
    }

    /// `user:password@`, or empty. It extends to the last `@`; earlier ones are part of it and are escaped.
    private static func login(_ authority: Substring) -> String {
        guard let end = authority.utf8.lastIndex(of: UInt8(ascii: "@")) else { return "" }
        return authority[..<end].replacing("@", with: "%40") + "@"
    }

    private static func host(_ authority: Substring) -> Substring {
        authority.utf8.lastIndex(of: UInt8(ascii: "@")).map { authority[authority.utf8.index(after: $0)...] } ?? authority
    }

    private static func escaped(_ path: Substring) -> String {
        guard path.utf8.contains(where: { notInPaths.utf8.contains($0) }) else { return String(path) }
        return path.map { notInPaths.contains($0) ? PercentEncoding.encode(String($0)) : String($0) }.joined()
    }
}
