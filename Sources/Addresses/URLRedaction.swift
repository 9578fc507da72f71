/// Masks secrets in URLs before they are shown: the userinfo, and the query unless the URL is a probe's target.
package enum URLRedaction {
    /// Replaces a secret; the same as in Prometheus and Go.
    package static let mask = "xxxxx"

    /// Longer texts are truncated to this many bytes, since they may come from a peer and masking takes time per byte.
    private static let longest = 8 << 10

    /// A probe's target with its userinfo masked: `https://xxxxx@mail.fabrikam.com/owa?a=b`. The query is part of the target and is kept.
    /// - Parameter mask: `xxxxx`, or a variant that distinguishes targets that differ only in their userinfo.
    package static func target(_ text: String, mask: String = mask) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")) else { return text }
        let bytes = Array(text.utf8)
        guard let userinfo = userinfo(of: bytes[...]) else { return text }
        return self.text(bytes[..<userinfo.lowerBound]) + mask + self.text(bytes[userinfo.upperBound...])
    }

    /// Any other URL with userinfo, query and fragment masked: `https://xxxxx@hooks.fabrikam.com/alert?xxxxx`.
    package static func endpoint(_ text: String, mask: String = mask) -> String {
        let bytes = Array(text.utf8)
        let userinfo = userinfo(of: bytes[...])
        let rest = bytes[(userinfo?.upperBound ?? 0)...]
        let end = rest.firstIndex { "?#".utf8.contains($0) }
        let shown = (userinfo.map { self.text(bytes[..<$0.lowerBound]) + mask } ?? "") + self.text(rest[..<(end ?? rest.endIndex)])
        return end.map { shown + self.text(rest[$0...$0]) + mask } ?? shown
    }

    /// A sentence with the userinfo of every URL in it masked; truncated to 8 KiB.
    package static func sentence(_ text: String) -> String {
        let isLonger = text.utf8.count > longest
        guard isLonger || text.utf8.contains(UInt8(ascii: "@")) else { return text }
        return printed(Array(text.utf8.prefix(longest)), isCut: isLonger) + (isLonger ? "…" : "")
    }

    /// The output of a program as text, with the userinfo of every URL in it masked.
    /// - Parameter isCut: whether the output was truncated: a URL at the end is then removed, because its userinfo may be incomplete.
    package static func printed(_ bytes: [UInt8], isCut: Bool) -> String {
        var bytes = bytes[...]
        if isCut {
            let word = bytes.lastIndex(where: isSpace).map { $0 + 1 } ?? 0
            if separator(in: bytes[word...]) != nil { bytes = bytes[..<word] }
        }
        var shown: [UInt8] = []
        while let end = bytes.firstIndex(where: isSpace) {
            redact(bytes[..<end], to: &shown)
            shown.append(bytes[end])
            bytes = bytes[(end + 1)...]
        }
        redact(bytes, to: &shown)
        return text(shown[...])
    }

    /// Appends a word, which may contain several URLs, with their userinfo masked.
    private static func redact(_ word: ArraySlice<UInt8>, to shown: inout [UInt8]) {
        let lastAt = word.lastIndex(of: UInt8(ascii: "@"))
        var rest = word
        while let lastAt, lastAt >= rest.startIndex, let separator = separator(in: rest) {
            let before = rest[..<separator].lastIndex { !isOfScheme($0) }
            let scheme = before.map { $0 + 1 } ?? rest.startIndex
            if let userinfo = userinfo(of: rest[scheme...], lastAt: lastAt) {
                shown += rest[..<userinfo.lowerBound] + mask.utf8
                rest = rest[userinfo.upperBound...]
            } else {
                shown += rest[..<(separator + 3)]
                rest = rest[(separator + 3)...]
            }
        }
        shown += rest
    }

    /// Redacts texts so that different ones stay different: those that would be equal are numbered in their order.
    package static func distinct(_ texts: [String], _ redact: (_ text: String, _ mask: String) -> String) -> [String] {
        var seen: [String: Int] = [:]
        return texts.map { text in
            let shown = redact(text, mask)
            // A text without a secret is unchanged.
            guard shown != redact(text, "") else { return text }
            let number = seen[shown, default: 0] + 1
            seen[shown] = number
            return number == 1 ? shown : redact(text, mask + String(number))
        }
    }

    /// The range of the userinfo, without its `@`; the URL may have no scheme. Nil if there is none.
    /// - Parameter lastAt: the position of the last `@`; nil if not known.
    private static func userinfo(of url: ArraySlice<UInt8>, lastAt: Int? = nil) -> Range<Int>? {
        var start = url.startIndex
        if let separator = separator(in: url), url[..<separator].allSatisfy(isOfScheme) { start = separator + 3 }
        let authority = url[start...].prefix { !"/?#".utf8.contains($0) }
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) { return start..<at }
        // A password with an unescaped slash: what follows the colon is not a port.
        guard let colon = authority.lastIndex(of: UInt8(ascii: ":")), authority.last != UInt8(ascii: "]"),
            !authority[(colon + 1)...].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let at = lastAt ?? url.lastIndex(of: UInt8(ascii: "@")), at >= start
        else { return nil }
        return start..<at
    }

    /// The position of the first `://`; nil if there is none.
    private static func separator(in bytes: ArraySlice<UInt8>) -> Int? {
        var rest = bytes
        while let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            rest = rest[(colon + 1)...]
            if rest.starts(with: "//".utf8) { return colon }
        }
        return nil
    }

    private static func isOfScheme(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: "+-.".utf8.contains(byte)
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// The URL of a service that is not a target: an Alertmanager, a webhook, a proxy, a token endpoint, a target list.
///
/// It may contain secrets: `description` masks userinfo and query.
package struct EndpointURL: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// As configured. Only for requests, must never be shown.
    package let text: String

    package init(_ text: String) { self.text = text }
    package init(stringLiteral text: String) { self.text = text }

    package var description: String { URLRedaction.endpoint(text) }
}
