import FoundationEssentials
import Glibc
import HealthManager
import Yams

/// One YAML document in one file, as a tree of settings that know their places.
struct YAMLFile {
    private static let depthLimit = 20

    let path: String
    /// Bytes.
    var sizeLimit = 1 << 20
    var valueLimit = 50_000

    init(path: String) { self.path = path }

    /// - Throws: every problem found, each with its place and what to do.
    func read() throws(ConfigurationRefused) -> Setting { try parse(text(bytes())) }

    // MARK: From the disk to text

    func bytes() throws(ConfigurationRefused) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let isMissing = errno == ENOENT
            throw refused(isMissing ? "there is no such file" : "cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw refused("cannot be read") }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw refused("this is a directory, a YAML file is needed")
        default: throw refused("this is not a regular file")
        }
        guard status.st_size <= sizeLimit else {
            throw refused("the file has \(status.st_size) bytes, at most \(sizeLimit) are read: is it the right one?")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let room = bytes.count - filled
            let count = bytes.withUnsafeMutableBytes { buffer in Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), room) }
            guard count > 0 else { throw refused("cannot be read to its end") }
            filled += count
        }
        return bytes
    }

    func text(_ bytes: [UInt8]) throws(ConfigurationRefused) -> String {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw refused("the file is UTF-16: save it as UTF-8 (in PowerShell: Out-File -Encoding utf8)")
        }
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        if let text = String(validating: content, as: UTF8.self) { return text }
        // The first byte that no longer fits is where the valid beginning stops.
        var low = content.startIndex
        var high = content.endIndex
        while low < high {
            let middle = (low + high) / 2
            if isPrefixOfUTF8(content[..<(middle + 1)]) { low = middle + 1 } else { high = middle }
        }
        // The fault begins where its unfinished character does.
        while low > content.startIndex, String(validating: content[..<low], as: UTF8.self) == nil { low -= 1 }
        let before = content[..<low]
        let line = before.filter { $0 == UInt8(ascii: "\n") }.count + 1
        let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
        throw refused("this is not UTF-8: save the file as UTF-8", line: line, column: column)
    }

    private func isPrefixOfUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
        (0...3).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil && bytes.suffix($0).allSatisfy { $0 >= 0x80 } }
    }

    // MARK: From text to settings

    func parse(_ text: String) throws(ConfigurationRefused) -> Setting {
        let node: Node
        do {
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            guard let first = try parser.singleRoot() else {
                throw refused("the file is empty: it needs at least one key", line: 1, column: 1)
            }
            node = first
        } catch let error as ConfigurationRefused {
            throw error
        } catch {
            throw explained(error)
        }
        var values = 0
        var problems: [Diagnostic] = []
        let setting = setting(node, depth: 0, values: &values, problems: &problems)
        guard problems.isEmpty else { throw ConfigurationRefused(problems) }
        guard !setting.isNull else { throw refused("the file is empty: it needs at least one key", line: 1, column: 1) }
        return setting
    }

    private func setting(_ node: Node, depth: Int, values: inout Int, problems: inout [Diagnostic]) -> Setting {
        let location = location(node.mark)
        guard depth < Self.depthLimit else {
            problems.append(Diagnostic(.error, at: location, "nested deeper than \(Self.depthLimit) levels"))
            return .empty(at: location)
        }
        // Aliases share one node in the parser; written out here, a few lines of them can become billions.
        values += 1
        guard values <= valueLimit else {
            if values == valueLimit + 1 {
                problems.append(Diagnostic(.error, at: location, "more than \(valueLimit) values, aliases written out: write fewer"))
            }
            return .empty(at: location)
        }
        switch node {
        case .scalar(let scalar):
            if scalar.tag == Tag(.binary) { return binary(scalar.string, at: location, problems: &problems) }
            return Setting(.scalar(scalar.string, isPlain: scalar.style == .plain || scalar.style == .any), at: location)
        case .sequence(let sequence):
            return Setting(.list(sequence.map { setting($0, depth: depth + 1, values: &values, problems: &problems) }), at: location)
        case .mapping(let mapping):
            var entries: [Setting.Entry] = []
            var inherited: [Setting.Entry] = []
            for (key, value) in mapping {
                // `<<: *defaults` takes over what the mapping itself does not say.
                if key.scalar?.string == "<<", key.scalar?.style == .plain {
                    let merged = setting(value, depth: depth + 1, values: &values, problems: &problems)
                    inherited += Self.mergedEntries(merged)
                    continue
                }
                guard let name = key.scalar?.string else {
                    problems.append(Diagnostic(.error, at: self.location(key.mark), "a key must be a plain text"))
                    continue
                }
                entries.append(
                    Setting.Entry(
                        key: name, keyLocation: self.location(key.mark),
                        value: setting(value, depth: depth + 1, values: &values, problems: &problems)))
            }
            for entry in inherited where !entries.contains(where: { $0.key == entry.key }) { entries.append(entry) }
            return Setting(.mapping(entries), at: location)
        case .alias:
            problems.append(Diagnostic(.error, at: location, "this alias stands for nothing"))
            return .empty(at: location)
        }
    }

    /// Of one mapping, or of a list of them, the first of which wins.
    private static func mergedEntries(_ setting: Setting) -> [Setting.Entry] {
        switch setting.value {
        case .mapping(let entries): entries
        case .list(let items): items.flatMap(mergedEntries)
        default: []
        }
    }

    private func binary(_ text: String, at location: SourceLocation, problems: inout [Diagnostic]) -> Setting {
        guard let bytes = Data(base64Encoded: text.filter { !$0.isWhitespace }) else {
            problems.append(Diagnostic(.error, at: location, "!!binary must be followed by base64"))
            return .empty(at: location)
        }
        return Setting(.binary(Array(bytes)), at: location)
    }

    private func location(_ mark: Mark?) -> SourceLocation { SourceLocation(path: path, line: mark?.line, column: mark?.column) }

    private func explained(_ error: any Error) -> ConfigurationRefused {
        guard let error = error as? YamlError else { return refused("not readable as YAML: \(error)") }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
            return refused("not readable as YAML: \(problem)", line: mark.line, column: mark.column)
        case .composer(_, let problem, let mark, _):
            if problem.contains("document") {
                return refused(
                    "a second document begins here: one file holds one, move it to a file of its own", line: mark.line, column: mark.column)
            }
            return refused("not readable as YAML: \(problem)", line: mark.line, column: mark.column)
        case .duplicatedKeysInMapping(let duplicates, let context):
            return refused(
                "'\(duplicates.map { "\($0)" }.joined(separator: "', '"))' is written twice: remove one", line: context.mark.line,
                column: context.mark.column)
        case .reader(let problem, _, _, _): return refused("not readable as YAML: \(problem)")
        default: return refused("not readable as YAML")
        }
    }

    private func refused(_ sentence: String, line: Int? = nil, column: Int? = nil) -> ConfigurationRefused {
        ConfigurationRefused([Diagnostic(.error, at: SourceLocation(path: path, line: line, column: column), sentence)])
    }
}
