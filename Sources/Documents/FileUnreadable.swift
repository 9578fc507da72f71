import Glibc

/// A file could not be read or written. The description is one sentence with its path and nothing of its content.
package struct FileUnreadable: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why the file could not be used.
    package enum Problem: Sendable, Hashable {
        case missing
        case notPermitted
        /// What it is instead of a regular file: `a directory`, `a named pipe`.
        case notRegular(String)
        /// `bytes` is its size; nil if not known.
        case tooLarge(bytes: Int?, limit: Int)
        case tooManyEntries(limit: Int)
        /// Others can read it, or others or its group can write it; `mode` is its permission bits.
        case openToOthers(mode: UInt32)
        /// The agent ran out of descriptors or memory, which says nothing about the file; the `errno`.
        case systemLimit(Int32)
        case failed(Int32)
        case notWritten(Int32)
    }

    package var path: String
    package var problem: Problem

    package init(path: String, _ problem: Problem) {
        self.path = path
        self.problem = problem
    }

    /// - Parameter code: `errno` of the failed call.
    package init(path: String, errno code: Int32) {
        let problem: Problem =
            switch code {
            case ENOENT, ENOTDIR: .missing
            case EACCES, EPERM: .notPermitted
            case EMFILE, ENFILE, ENOMEM, ENOBUFS: .systemLimit(code)
            // Opening a socket fails with ENXIO.
            case ENXIO: .notRegular("a socket")
            default: .failed(code)
            }
        self.init(path: path, problem)
    }

    /// Whether the agent ran out of descriptors or memory, rather than the file being unreadable.
    package var isLocalLimit: Bool { if case .systemLimit = problem { true } else { false } }

    /// The sentence without the path.
    package var clause: String {
        switch problem {
        case .missing: "there is no such file"
        case .notPermitted: "permission denied"
        case .notRegular(let shape): "it is \(shape), not a regular file"
        case .tooLarge(let bytes?, let limit): "the file is too large: \(bytes) bytes, the maximum is \(limit)"
        case .tooLarge(nil, let limit): "the file is too large: the maximum is \(limit) bytes"
        case .tooManyEntries(let limit): "it contains more than \(limit) files: is it the right directory?"
        case .openToOthers(let mode):
            "it has mode 0\(String(mode, radix: 8)) and is accessible to other users: chmod 0640 \(path)"
        case .systemLimit(let code): "the agent has reached a system limit: \(String(cString: strerror(code)))"
        case .failed(let code): "cannot be read: \(String(cString: strerror(code)))"
        case .notWritten(let code): "cannot be written: \(String(cString: strerror(code)))"
        }
    }

    package var description: String { "\(path): \(clause)" }
}
