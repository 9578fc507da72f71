/// A page of Prometheus text, read as strictly as its format is written: whatever a lenient reader would pass over is an error here.
package struct MetricsText: Sendable {
    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    /// By series, labels in the order of their names.
    package private(set) var samples: [String: Double] = [:]

    private var types: [String: String] = [:]
    private var helps: Set<String> = []
    /// Whose lines are being read; those before it may not come again.
    private var family = ""
    private var closed: Set<String> = []

    /// - Throws: `Malformed` with the line, for the first that breaks the format.
    package init(_ text: String) throws {
        guard text.isEmpty || text.utf8.last == UInt8(ascii: "\n") else { throw Malformed(description: "the last line has no end") }
        for (index, line) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().enumerated() {
            do throws(Malformed) { try read(Array(line)) } catch {
                throw Malformed(description: "line \(index + 1), \(error): \(String(decoding: line, as: UTF8.self))")
            }
        }
    }

    private mutating func read(_ line: [UInt8]) throws(Malformed) {
        if line.starts(with: "# ".utf8) { return try readComment(String(decoding: line, as: UTF8.self)) }
        var rest = line[...]
        let name = try Self.name(&rest, mayHaveColon: true)
        try enter(declaredFamily(of: name))
        let labels = rest.first == UInt8(ascii: "{") ? try Self.labels(&rest) : [:]
        guard rest.popFirst() == UInt8(ascii: " ") else { throw Malformed(description: "no space before the value") }
        let words = String(decoding: rest, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard let first = words.first, let value = Double(first), words.count == 1 || (words.count == 2 && Int(words[1]) != nil) else {
            throw Malformed(description: "no value, or more than value and time")
        }
        let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }
        let series = pairs.isEmpty ? name : name + "{" + pairs.joined(separator: ",") + "}"
        guard samples.updateValue(value, forKey: series) == nil else { throw Malformed(description: "the same series twice") }
    }

    private mutating func readComment(_ line: String) throws(Malformed) {
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 4, words[1] == "HELP" || words[1] == "TYPE" else { throw Malformed(description: "neither HELP nor TYPE") }
        var rest = Array(words[2].utf8)[...]
        guard try Self.name(&rest, mayHaveColon: true) == words[2] else { throw Malformed(description: "no name of a family") }
        try enter(words[2])
        let isFirst = words[1] == "HELP" ? helps.insert(words[2]).inserted : types.updateValue(words[3], forKey: words[2]) == nil
        guard isFirst else { throw Malformed(description: "\(words[1]) twice") }
        guard words[1] == "HELP" || ["counter", "gauge", "histogram", "summary", "untyped"].contains(words[3]) else {
            throw Malformed(description: "no type")
        }
        if words[1] == "TYPE", samples.keys.contains(where: { $0 == words[2] || $0.hasPrefix(words[2] + "{") }) {
            throw Malformed(description: "TYPE after samples")
        }
    }

    /// The lines of a family stand together.
    private mutating func enter(_ name: String) throws(Malformed) {
        guard name != family else { return }
        closed.insert(family)
        guard !closed.contains(name) else { throw Malformed(description: "lines of \(name) stand apart from each other") }
        family = name
    }

    private func declaredFamily(of sample: String) throws(Malformed) -> String {
        if types[sample] != nil { return sample }
        for suffix in ["_bucket", "_count", "_sum"] where sample.hasSuffix(suffix) {
            let stem = String(sample.dropLast(suffix.count))
            if ["histogram", "summary"].contains(types[stem]) { return stem }
        }
        throw Malformed(description: "a sample of a family without TYPE")
    }

    // MARK: Pieces

    private static func name(_ rest: inout ArraySlice<UInt8>, mayHaveColon: Bool) throws(Malformed) -> String {
        let name = rest.prefix { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                true
            default: mayHaveColon && byte == UInt8(ascii: ":")
            }
        }
        guard let first = name.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            throw Malformed(description: "no name")
        }
        rest = rest.dropFirst(name.count)
        return String(decoding: name, as: UTF8.self)
    }

    /// As they are written, without the quotation marks.
    private static func labels(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> [String: String] {
        var labels: [String: String] = [:]
        rest = rest.dropFirst()
        while rest.first != UInt8(ascii: "}") {
            if !labels.isEmpty, rest.popFirst() != UInt8(ascii: ",") { throw Malformed(description: "no comma between labels") }
            let name = try name(&rest, mayHaveColon: false)
            guard rest.starts(with: "=\"".utf8) else { throw Malformed(description: "label \(name) has no value in quotation marks") }
            rest = rest.dropFirst(2)
            guard labels.updateValue(try quoted(&rest), forKey: name) == nil else { throw Malformed(description: "label \(name) twice") }
        }
        rest = rest.dropFirst()
        return labels
    }

    private static func quoted(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> String {
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") {
                guard let text = String(validating: value, as: UTF8.self) else { throw Malformed(description: "a value that is not UTF-8") }
                return text
            }
            value.append(byte)
            guard byte == UInt8(ascii: "\\") else { continue }
            guard let escaped = rest.popFirst(), "\\\"n".utf8.contains(escaped) else { throw Malformed(description: "an unknown escape") }
            value.append(escaped)
        }
        throw Malformed(description: "a value without end")
    }
}
