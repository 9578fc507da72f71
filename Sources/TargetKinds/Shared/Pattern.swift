import CPattern
import Probing

/// A regular expression with Go's syntax and semantics, as in blackbox_exporter's modules, matched by RE2 in linear time.
final class Pattern: Sendable {
    struct Invalid: Error { var sentence: String }

    let text: String
    // Safe because it is never changed, and matching with an RE2 object is thread-safe.
    private nonisolated(unsafe) let expression: OpaquePointer
    private let groups: Int

    init(_ text: String) throws(Invalid) {
        self.text = text
        let bytes = try Self.forRE2(Array(text.utf8))
        guard let expression = bytes.withUnsafeBufferPointer({ agent_pattern_make($0.baseAddress, $0.count) }) else {
            throw Invalid(sentence: "out of memory for '\(text)'")
        }
        if let error = agent_pattern_error(expression) {
            let sentence = String(cString: error)
            agent_pattern_free(expression)
            throw Invalid(sentence: "\(sentence) in '\(text)'")
        }
        self.expression = expression
        groups = Int(agent_pattern_groups(expression))
    }

    /// Rewrites Go syntax that RE2 of Debian 12 does not support (`(?<name>`), and rejects RE2 syntax that Go does not support (`\C`).
    private static func forRE2(_ pattern: [UInt8]) throws(Invalid) -> [CChar] {
        var written: [UInt8] = []
        var isInClass = false
        var rest = pattern[...]
        while let byte = rest.popFirst() {
            written.append(byte)
            switch byte {
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { break }
                if escaped == UInt8(ascii: "C") { throw Invalid(sentence: "invalid escape sequence: \\C") }
                written.append(escaped)
                guard escaped == UInt8(ascii: "Q"), !isInClass else { break }
                let quoted = rest.firstRange(of: "\\E".utf8).map { rest[..<$0.upperBound] } ?? rest
                written += quoted
                rest = rest[quoted.endIndex...]
            case UInt8(ascii: "[") where !isInClass:
                isInClass = true
                // A closing bracket at the start of a class is a member of it.
                if rest.first == UInt8(ascii: "^") { written.append(rest.removeFirst()) }
                if rest.first == UInt8(ascii: "]") { written.append(rest.removeFirst()) }
            case UInt8(ascii: "[") where rest.first == UInt8(ascii: ":"):
                // The closing bracket of `[:alpha:]` does not end the class.
                guard let end = rest.firstRange(of: ":]".utf8) else { break }
                written += rest[..<end.upperBound]
                rest = rest[end.upperBound...]
            case UInt8(ascii: "]"): isInClass = false
            case UInt8(ascii: "(") where !isInClass && rest.starts(with: "?<".utf8):
                let follows = rest.dropFirst(2).first
                guard follows != UInt8(ascii: "="), follows != UInt8(ascii: "!") else { break }
                written += Array("?P<".utf8)
                rest = rest.dropFirst(2)
            default: break
            }
        }
        return written.map { CChar(bitPattern: $0) }
    }

    deinit { agent_pattern_free(expression) }

    func matches(_ bytes: some Collection<UInt8>) -> Bool {
        let found = bytes.withContiguousStorageIfAvailable { agent_pattern_match(expression, $0.baseAddress, $0.count, nil, 0) }
        return found ?? matches(Array(bytes))
    }

    func matches(_ text: String) -> Bool { matches(text.utf8) }

    /// The first match; nil if there is none.
    func match(_ bytes: [UInt8]) -> Match? {
        var ranges = [Int](repeating: -1, count: groups * 2)
        let isFound = bytes.withUnsafeBufferPointer {
            agent_pattern_match(expression, $0.baseAddress, $0.count, &ranges, Int32(groups))
        }
        guard isFound else { return nil }
        return Match(
            groups: (0..<groups).map { ranges[$0 * 2] < 0 ? nil : Array(bytes[ranges[$0 * 2]..<ranges[$0 * 2 + 1]]) }, pattern: self)
    }

    struct Match {
        /// Group 0 is the whole match; a group that did not participate is nil.
        let groups: [[UInt8]?]
        fileprivate let pattern: Pattern

        /// Replaces the references in a template, like Go's `Expand`: `$1`, `${1}`, `$name`, `${name}`, `$$`.
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
            // Go treats a number with a leading zero as a name.
            let isNumber = name == "0" || !name.hasPrefix("0")
            let number = (isNumber ? Int(name) : nil) ?? Int(agent_pattern_group(pattern.expression, name, name.utf8.count))
            return groups.indices.contains(number) ? groups[number] : nil
        }
    }
}

extension SettingsReader {
    /// A regular expression; an invalid one is an error.
    func pattern(_ key: String) -> Pattern? { string(key).flatMap { compile($0, key) } }

    func patterns(_ key: String) -> [Pattern] { (strings(key) ?? []).compactMap { compile($0, key) } }

    private func compile(_ text: String, _ key: String) -> Pattern? {
        do throws(Pattern.Invalid) { return try Pattern(text) } catch {
            self.error("'\(key)' is not a valid regular expression: \(error.sentence)", at: location(of: key))
            return nil
        }
    }
}
