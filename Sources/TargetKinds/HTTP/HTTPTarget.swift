import HealthManager
import Transfers

/// A target of `http` as the URL that is asked for: as it is written, with what no URL may hold escaped.
enum HTTPTarget {
    /// nil for what is no URL of HTTP.
    static func url(_ text: String) -> String? {
        let scheme = text.firstRange(of: "://").map { text[..<$0.upperBound] } ?? ""
        let hasScheme = !scheme.isEmpty && scheme.dropLast(3).allSatisfy(\.isLetter)
        let rest = hasScheme ? text[scheme.endIndex...] : text[...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let path = rest[authority.endIndex...].prefix { $0 != "?" && $0 != "#" }
        guard PercentEncoding.isWhole(authority), PercentEncoding.isWhole(path) else { return nil }
        return URLHost.absolute(
            (hasScheme ? scheme : "http://") + login(authority) + host(authority) + escaped(path) + rest[path.endIndex...])
    }

    /// `user:password@`, empty where there is none. The last at sign ends it; those before are part of it.
    private static func login(_ authority: Substring) -> String {
        guard let end = authority.lastIndex(of: "@") else { return "" }
        return authority[..<end].replacing("@", with: "%40") + "@"
    }

    private static func host(_ authority: Substring) -> Substring {
        authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
    }

    private static func escaped(_ path: Substring) -> String {
        guard path.contains(where: { #""<>\^`{|}"#.contains($0) }) else { return String(path) }
        return path.map { #""<>\^`{|}"#.contains($0) ? PercentEncoding.encode(String($0)) : String($0) }.joined()
    }
}
