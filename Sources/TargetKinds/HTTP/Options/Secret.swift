import Documents
import HealthManager

/// A secret as a module gives it: the text itself, or a file that is read at each run, so that it can be replaced there.
enum Secret: Sendable {
    struct Unreadable: Error {
        /// One clause that names the file, without a word of its content.
        var clause: String
        /// The agent itself had no descriptor left.
        var isOwnWant = false
    }

    case text(String)
    case file(String)

    /// - Returns: what it says, without white space around what a file holds.
    func read() throws(Unreadable) -> String {
        switch self {
        case .text(let text): text
        case .file(let path): Self.trimmed(String(decoding: try Self.bytes(of: path, most: RegularFile.credentialLimit), as: UTF8.self))
        }
    }

    static func bytes(of path: String, most: Int) throws(Unreadable) -> [UInt8] {
        do throws(FileUnreadable) { return try RegularFile.read(path, atMost: most) } catch {
            throw Unreadable(clause: error.description, isOwnWant: error.isOwnWant)
        }
    }

    private static func trimmed(_ text: String) -> String {
        guard let start = text.firstIndex(where: { !$0.isWhitespace }), let end = text.lastIndex(where: { !$0.isWhitespace }) else {
            return ""
        }
        return String(text[start...end])
    }
}

extension SettingsReader {
    /// A secret under `key` or in the file under `key_file`; both are an error, neither is nil.
    func secret(_ key: String) -> Secret? {
        let (text, file) = (string(key), path(key + "_file"))
        if let text, !text.isEmpty, let file, !file.isEmpty {
            error("'\(key)' and '\(key)_file' exclude each other: keep one", at: location(of: key + "_file"))
        }
        if let file, !file.isEmpty { return .file(file) }
        return text.map { .text($0) }
    }
}
