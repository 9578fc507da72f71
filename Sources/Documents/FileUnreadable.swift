import Glibc

/// Why a file was not read, as one sentence that names it and holds nothing of its content.
package struct FileUnreadable: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Problem: Sendable, Hashable {
        case missing
        case notPermitted
        /// What it is instead: `a directory`, `a named pipe`.
        case notRegular(String)
        /// With its size in bytes, where the system tells one.
        case tooLarge(bytes: Int?, limit: Int)
        case tooManyEntries(limit: Int)
        /// The permission bits, which let others read or write it.
        case openToOthers(mode: UInt32)
        /// The agent itself has no descriptor or no memory left: it says nothing of the file.
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

    /// From `errno` of the call that failed.
    package init(path: String, errno code: Int32) {
        let problem: Problem =
            switch code {
            case ENOENT, ENOTDIR: .missing
            case EACCES, EPERM: .notPermitted
            case EMFILE, ENFILE, ENOMEM, ENOBUFS: .systemLimit(code)
            // What only a socket says to who opens it.
            case ENXIO: .notRegular("a socket")
            default: .failed(code)
            }
        self.init(path: path, problem)
    }

    /// Whether the agent is at fault, for want of descriptors or memory, and not the file.
    package var isOwnWant: Bool { if case .systemLimit = problem { true } else { false } }

    /// Without the path.
    package var clause: String {
        switch problem {
        case .missing: "there is no such file"
        case .notPermitted: "this user may not read it"
        case .notRegular(let shape): "this is \(shape), a regular file is needed"
        case .tooLarge(let bytes?, let limit): "the file has \(bytes) bytes, at most \(limit) are read: is it the right one?"
        case .tooLarge(nil, let limit): "the file has more than \(limit) bytes, which are not read: is it the right one?"
        case .tooManyEntries(let limit): "there are more than \(limit) files below it: is it the right folder?"
        case .openToOthers(let mode):
            "it has mode 0\(String(mode, radix: 8)) and is open to others: chmod 0640 \(path)"
        case .systemLimit(let code): "the agent cannot read it now: \(String(cString: strerror(code)))"
        case .failed(let code): "cannot be read: \(String(cString: strerror(code)))"
        case .notWritten(let code): "cannot be written: \(String(cString: strerror(code)))"
        }
    }

    package var description: String { "\(path): \(clause)" }
}
