import Documents
import Probing

/// A secret of a module: the text itself, or a file that is read at each run, so that it can be replaced.
enum Secret: Sendable {
    struct Unreadable: Error {
        /// One clause that names the file and contains nothing of its content.
        var clause: String
        /// Whether the agent ran out of descriptors or memory.
        var isLocalLimit = false
    }

    case text(String)
    case file(String)

    /// - Returns: the secret; the content of a file is trimmed of white space.
    func read() throws(Unreadable) -> String {
        switch self {
        case .text(let text): text
        case .file(let path): String(decoding: try Self.bytes(of: path, most: RegularFile.credentialLimit), as: UTF8.self).trimmed
        }
    }

    static func bytes(of path: String, most: Int) throws(Unreadable) -> [UInt8] {
        do throws(FileUnreadable) { return try RegularFile.read(path, atMost: most) } catch {
            throw Unreadable(clause: error.description, isLocalLimit: error.isLocalLimit)
        }
    }
}

extension SettingsReader {
    /// A secret from `key` or from the file in `key_file`; nil if neither is set, an error if both are.
    func secret(_ key: String) -> Secret? {
        let (text, file) = (string(key), path(key + "_file"))
        if let text, !text.isEmpty, let file, !file.isEmpty {
            error("'\(key)' and '\(key)_file' are mutually exclusive: keep one", at: location(of: key + "_file"))
        }
        if let file, !file.isEmpty { return .file(file) }
        return text.map { .text($0) }
    }
}
