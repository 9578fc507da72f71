/// Hides the secrets that URLs hold from whoever is shown them: the userinfo, and where the URL is no target of a probe the query.
package enum URLRedaction {
    /// What stands for a secret, as Prometheus and Go write it.
    package static let mask = "xxxxx"

    /// Of a longer text no more is shown. Whoever is probed may have written it, and each character costs.
    private static let longest = 8 << 10

    /// A probe's target without its userinfo: `https://xxxxx@mail.fabrikam.com/owa?a=b`. Its query says what is probed and stays.
    /// - Parameter mask: `xxxxx`, or what tells this target from another that differs in its userinfo alone.
    package static func target(_ text: String, mask: String = mask) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")) else { return text }
        let bytes = Array(text.utf8)
        guard let userinfo = userinfo(of: bytes[...]) else { return text }
        return self.text(bytes[..<userinfo.lowerBound]) + mask + self.text(bytes[userinfo.upperBound...])
    }

    /// Any other URL without userinfo, query and fragment: `https://xxxxx@hooks.fabrikam.com/alert?xxxxx`.
    package static func endpoint(_ text: String, mask: String = mask) -> String {
        let bytes = Array(text.utf8)
        let userinfo = userinfo(of: bytes[...])
        let rest = bytes[(userinfo?.upperBound ?? 0)...]
        let end = rest.firstIndex { "?#".utf8.contains($0) }
        let shown = (userinfo.map { self.text(bytes[..<$0.lowerBound]) + mask } ?? "") + self.text(rest[..<(end ?? rest.endIndex)])
        return end.map { shown + self.text(rest[$0...$0]) + mask } ?? shown
    }

    /// A sentence that may quote URLs, all without their userinfo; of one of over 8 KiB the beginning.
    package static func sentence(_ text: String) -> String {
        let isLonger = text.utf8.count > longest
        guard isLonger || text.utf8.contains(UInt8(ascii: "@")) else { return text }
        return printed(Array(text.utf8.prefix(longest)), isCut: isLonger) + (isLonger ? "…" : "")
    }

    /// What a program printed, as text, all URLs in it without their userinfo.
    /// - Parameter isCut: whether it went on: a login that is cut is not known for one, so a URL at the end goes as a whole.
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

    /// A word, which may hold several URLs, without their userinfo.
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
    /// - Parameter lastAt: the last `@`; nil where that is not known.
    private static func userinfo(of url: ArraySlice<UInt8>, lastAt: Int? = nil) -> Range<Int>? {
        var start = url.startIndex
        if let separator = separator(in: url), url[..<separator].allSatisfy(isOfScheme) { start = separator + 3 }
        let authority = url[start...].prefix { !"/?#".utf8.contains($0) }
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) { return start..<at }
        // A password with a slash in it that is not escaped: what follows the colon is no port.
        guard let colon = authority.lastIndex(of: UInt8(ascii: ":")), authority.last != UInt8(ascii: "]"),
            !authority[(colon + 1)...].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let at = lastAt ?? url.lastIndex(of: UInt8(ascii: "@")), at >= start
        else { return nil }
        return start..<at
    }

    /// Where the first `://` begins.
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
