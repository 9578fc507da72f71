/// Hides the secrets that URLs hold from whoever is shown them: the userinfo, and where the URL is no target of a probe the query.
package enum URLRedaction {
    /// What stands for a secret, as Prometheus and Go write it.
    package static let mask = "xxxxx"

    /// A probe's target without its userinfo: `https://xxxxx@mail.fabrikam.com/owa?a=b`. Its query says what is probed and stays.
    /// - Parameter mask: `xxxxx`, or what tells this target from another that differs in its userinfo alone.
    package static func target(_ text: String, mask: String = mask) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")), let userinfo = userinfo(of: text[...]) else { return text }
        return text[..<userinfo.lowerBound] + mask + text[userinfo.upperBound...]
    }

    /// Any other URL without userinfo, query and fragment: `https://xxxxx@hooks.fabrikam.com/alert?xxxxx`.
    package static func endpoint(_ text: String, mask: String = mask) -> String {
        let userinfo = userinfo(of: text[...])
        let rest = text[(userinfo?.upperBound ?? text.startIndex)...]
        let shown = (userinfo.map { text[..<$0.lowerBound] + mask } ?? "") + rest.prefix { !"?#".contains($0) }
        return rest.firstIndex { "?#".contains($0) }.map { shown + String(rest[$0]) + mask } ?? String(shown)
    }

    /// A sentence that may quote URLs, all without their userinfo.
    package static func sentence(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")) else { return text }
        var shown = ""
        var rest = text[...]
        while let separator = rest.firstRange(of: "://") {
            let scheme = rest[..<separator.lowerBound].lastIndex { !isOfScheme($0) }.map { rest.index(after: $0) } ?? rest.startIndex
            let url = rest[scheme...].prefix { !$0.isWhitespace }
            shown += rest[..<scheme]
            if let userinfo = userinfo(of: url) {
                shown += url[..<userinfo.lowerBound] + mask
                rest = rest[userinfo.upperBound...]
            } else {
                shown += rest[scheme..<separator.upperBound]
                rest = rest[separator.upperBound...]
            }
        }
        return shown + rest
    }

    /// Different texts stay different when redacted: those that would be the same are numbered in their order.
    package static func distinct(_ texts: [String], _ redact: (_ text: String, _ mask: String) -> String) -> [String] {
        var seen: [String: Int] = [:]
        return texts.map { text in
            let shown = redact(text, mask)
            // Whatever holds no secret is itself.
            guard shown != redact(text, "") else { return text }
            let number = seen[shown, default: 0] + 1
            seen[shown] = number
            return number == 1 ? shown : redact(text, mask + String(number))
        }
    }

    /// The userinfo, up to its `@`; the scheme may be left out.
    private static func userinfo(of url: Substring) -> Range<String.Index>? {
        var start = url.startIndex
        if let separator = url.firstRange(of: "://"), url[..<separator.lowerBound].allSatisfy(isOfScheme) { start = separator.upperBound }
        let authority = url[start...].prefix { !"/?#".contains($0) }
        if let at = authority.lastIndex(of: "@") { return start..<at }
        // A password with a slash in it that is not escaped: what follows the colon is no port.
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]"),
            !authority[authority.index(after: colon)...].allSatisfy(\.isNumber), let at = url.lastIndex(of: "@")
        else { return nil }
        return start..<at
    }

    private static func isOfScheme(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "+-.".contains(character))
    }
}

/// The URL of what the agent calls beside its targets: an Alertmanager, a webhook, a proxy, a token endpoint, a list of targets.
///
/// It may hold a secret: its description hides userinfo and query.
package struct EndpointURL: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// As configured. For requests alone, never to be shown.
    package let text: String

    package init(_ text: String) { self.text = text }
    package init(stringLiteral text: String) { self.text = text }

    package var description: String { URLRedaction.endpoint(text) }
}
