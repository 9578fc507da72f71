import CPcre
import HealthManager

/// A regular expression in RE2's syntax, as blackbox_exporter's modules write it, matched by PCRE2 over bytes.
///
/// A match that would take too long (a million steps) counts as none.
final class Pattern: Sendable {
    struct Invalid: Error { var sentence: String }

    let text: String
    // Compiled code and bounds are only read once they are made: each match brings its own data.
    private nonisolated(unsafe) let code: OpaquePointer
    private nonisolated(unsafe) let bounds: OpaquePointer?

    init(_ text: String) throws(Invalid) {
        self.text = text
        var error: Int32 = 0
        var offset = 0
        let bytes = Self.groupingAnchors(Array(text.utf8))
        guard let code = agent_pcre_compile(bytes, bytes.count, &error, &offset) else {
            var message = [UInt8](repeating: 0, count: 256)
            agent_pcre_message(error, &message, message.count)
            throw Invalid(
                sentence: "\(String(decoding: message.prefix { $0 != 0 }, as: UTF8.self)) at character \(offset + 1) of '\(text)'")
        }
        self.code = code
        bounds = agent_pcre_bounds()
    }

    /// RE2 lets a repetition follow an anchor (`^+OK` in the exporter's own example), PCRE2 only the group around it.
    private static func groupingAnchors(_ pattern: [UInt8]) -> [UInt8] {
        var grouped: [UInt8] = []
        var isInClass = false
        var rest = pattern[...]
        while let byte = rest.popFirst() {
            var piece = [byte]
            var isAnchor = !isInClass && (byte == UInt8(ascii: "^") || byte == UInt8(ascii: "$"))
            if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
                piece.append(escaped)
                isAnchor = !isInClass && "bBAz".utf8.contains(escaped)
            } else if byte == UInt8(ascii: "["), !isInClass {
                isInClass = true
                // A bracket that comes first in its class is a member of it.
                if rest.first == UInt8(ascii: "^") { piece.append(rest.removeFirst()) }
                if rest.first == UInt8(ascii: "]") { piece.append(rest.removeFirst()) }
            } else if byte == UInt8(ascii: "]") {
                isInClass = false
            }
            let isRepeated = rest.first.map { "*+?{".utf8.contains($0) } ?? false
            grouped += isAnchor && isRepeated ? Array("(?:".utf8) + piece + Array(")".utf8) : piece
        }
        return grouped
    }

    deinit {
        agent_pcre_bounds_free(bounds)
        agent_pcre_free(code)
    }

    func matches(_ bytes: some Collection<UInt8>) -> Bool { match(Array(bytes)) != nil }
    func matches(_ text: String) -> Bool { match(Array(text.utf8)) != nil }

    /// The first match; nil where there is none.
    func match(_ bytes: [UInt8]) -> Match? {
        guard let data = agent_pcre_match_data(code) else { return nil }
        defer { agent_pcre_match_free(data) }
        let count = agent_pcre_match(code, bytes, bytes.count, data, bounds)
        guard count > 0, let ranges = agent_pcre_ranges(data) else { return nil }
        let groups: [[UInt8]?] = (0..<Int(count)).map { group in
            let (start, end) = (ranges[group * 2], ranges[group * 2 + 1])
            return start <= end && end <= bytes.count ? Array(bytes[start..<end]) : nil
        }
        return Match(groups: groups, pattern: self)
    }

    struct Match {
        /// Group 0 is the whole match; nil did not take part.
        let groups: [[UInt8]?]
        fileprivate let pattern: Pattern

        /// A template with its references replaced, as Go's `Expand` does: `$1`, `${1}`, `$name`, `${name}`, `$$`.
        func expand(_ template: [UInt8]) -> [UInt8] {
            var result: [UInt8] = []
            var rest = template[...]
            while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
                result += rest[..<dollar]
                rest = rest[(dollar + 1)...]
                if rest.first == UInt8(ascii: "$") {
                    result.append(UInt8(ascii: "$"))
                    rest = rest.dropFirst()
                } else if let (name, after) = Self.reference(rest) {
                    result += group(named: name) ?? []
                    rest = after
                } else {
                    result.append(UInt8(ascii: "$"))
                }
            }
            return result + rest
        }

        private static func reference(_ text: ArraySlice<UInt8>) -> (name: String, after: ArraySlice<UInt8>)? {
            let isBraced = text.first == UInt8(ascii: "{")
            let body = isBraced ? text.dropFirst() : text
            let name = body.prefix { byte in
                byte == UInt8(ascii: "_") || (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            }
            guard !name.isEmpty else { return nil }
            let after = body[name.endIndex...]
            if isBraced, after.first != UInt8(ascii: "}") { return nil }
            return (String(decoding: name, as: UTF8.self), isBraced ? after.dropFirst() : after)
        }

        private func group(named name: String) -> [UInt8]? {
            let number = Int(name) ?? Int(agent_pcre_group(pattern.code, name, name.utf8.count))
            guard number > 0 || name == "0", groups.indices.contains(number) else { return nil }
            return groups[number]
        }
    }
}

extension SettingsReader {
    /// A regular expression; a text that is none is an error.
    func pattern(_ key: String) -> Pattern? { string(key).flatMap { compile($0, key) } }

    func patterns(_ key: String) -> [Pattern] { (strings(key) ?? []).compactMap { compile($0, key) } }

    private func compile(_ text: String, _ key: String) -> Pattern? {
        do throws(Pattern.Invalid) { return try Pattern(text) } catch {
            self.error("'\(key)' is no regular expression: \(error.sentence)", at: location(of: key))
            return nil
        }
    }
}
