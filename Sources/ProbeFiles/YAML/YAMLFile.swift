import Documents
import HealthManager

/// One YAML document in one file, as a tree of settings that know their places.
struct YAMLFile {
    private static let depthLimit = 32
    /// Bytes.
    static let sizeLimit = 1 << 20

    let path: String
    var valueLimit = 50_000

    init(path: String) { self.path = path }

    /// - Throws: every problem found, each with its place and what to do.
    func read() throws(ConfigurationRefused) -> Setting { try parse(text(bytes())) }

    // MARK: From the disk to text

    func bytes() throws(ConfigurationRefused) -> [UInt8] {
        do throws(FileUnreadable) { return try RegularFile.read(path, atMost: Self.sizeLimit) } catch { throw refused(error.clause) }
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
        guard let setting = try document(text) else { throw refused("the file is empty: it needs at least one key", line: 1, column: 1) }
        return setting
    }

    /// - Returns: nil where nothing is written but comments, or null.
    func document(_ text: String) throws(ConfigurationRefused) -> Setting? {
        try YAMLComposer.compose(text, path: path, depthLimit: Self.depthLimit, valueLimit: valueLimit)
    }

    private func refused(_ sentence: String, line: Int? = nil, column: Int? = nil) -> ConfigurationRefused {
        ConfigurationRefused([Diagnostic(.error, at: SourceLocation(path: path, line: line, column: column), sentence)])
    }
}
