import Documents
import Probing

/// A file with one YAML document, read as a tree of settings with their locations.
struct YAMLFile {
    /// In bytes.
    static let sizeLimit = 1 << 20

    let path: String
    var bounds = YAMLBounds()

    init(path: String) { self.path = path }

    /// Reads and parses the file.
    /// - Throws: `ConfigurationRefused` with one diagnostic if it cannot be read, is not valid, or is empty.
    func read() throws(ConfigurationRefused) -> Setting { try parse(text(bytes())) }

    // MARK: File to text

    func bytes() throws(ConfigurationRefused) -> [UInt8] {
        do throws(FileUnreadable) { return try RegularFile.read(path, atMost: Self.sizeLimit) } catch { throw refused(error.clause) }
    }

    func text(_ bytes: [UInt8]) throws(ConfigurationRefused) -> String {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw refused("the file is UTF-16: save it as UTF-8 (in PowerShell: Out-File -Encoding utf8)")
        }
        let content = bytes.dropFirst(bytes.byteOrderMark)
        if let text = String(validating: content, as: UTF8.self) { return text }
        // Find the length of the longest valid prefix.
        var low = content.startIndex
        var high = content.endIndex
        while low < high {
            let middle = (low + high) / 2
            if isPrefixOfUTF8(content[..<(middle + 1)]) { low = middle + 1 } else { high = middle }
        }
        // Move back to the beginning of the incomplete character.
        while low > content.startIndex, String(validating: content[..<low], as: UTF8.self) == nil { low -= 1 }
        let before = content[..<low]
        let line = before.filter { $0 == UInt8(ascii: "\n") }.count + 1
        let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
        throw refused("invalid UTF-8: save the file as UTF-8", line: line, column: column)
    }

    private func isPrefixOfUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
        (0...3).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil && bytes.suffix($0).allSatisfy { $0 >= 0x80 } }
    }

    // MARK: Text to settings

    func parse(_ text: String) throws(ConfigurationRefused) -> Setting {
        guard let setting = try document(text) else { throw refused("the file is empty: at least one key is required", line: 1, column: 1) }
        return setting
    }

    /// - Returns: nil if the text contains only comments, or null.
    func document(_ text: String) throws(ConfigurationRefused) -> Setting? {
        do throws(YAMLFault) {
            let setting = try YAMLNode.documents(in: text, within: bounds).first.map { Setting($0, path: path) }
            return setting?.isNull == true ? nil : setting
        } catch { throw refused(error.problem, line: error.mark?.line, column: error.mark?.column) }
    }

    private func refused(_ sentence: String, line: Int? = nil, column: Int? = nil) -> ConfigurationRefused {
        ConfigurationRefused([Diagnostic(.error, at: SourceLocation(path: path, line: line, column: column), sentence)])
    }
}
