import Glibc
import HealthManager

/// A secret as a module gives it: the text itself, or a file that is read at each run, so that it can be replaced there.
enum Secret: Sendable {
    struct Unreadable: Error {
        /// One clause that names the file, without a word of its content.
        var clause: String
    }

    case text(String)
    case file(String)

    /// - Returns: what it says, without white space around what a file holds.
    func read() throws(Unreadable) -> String {
        switch self {
        case .text(let text): text
        case .file(let path): Self.trimmed(String(decoding: try Self.bytes(of: path, most: 64 << 10), as: UTF8.self))
        }
    }

    /// All of a regular file; what else has a name could make the reader wait for ever.
    static func bytes(of path: String, most: Int) throws(Unreadable) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Unreadable(clause: "\(path) cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw Unreadable(clause: "\(path) is not a file") }
        guard status.st_size <= most else { throw Unreadable(clause: "\(path) is larger than \(most) bytes") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled) }
            guard count >= 0 else { throw Unreadable(clause: "\(path) cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            filled += count
        }
        return Array(bytes.prefix(filled))
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
