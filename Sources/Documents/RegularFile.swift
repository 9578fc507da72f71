import CLinux
import Glibc

/// Reads and replaces regular files, with a size limit and without blocking on pipes or devices.
package enum RegularFile {
    /// Size limit for keys and credentials, in bytes.
    package static let credentialLimit = 64 << 10
    /// Size limit for certificate files, in bytes; a complete bundle of root certificates is about a sixteenth of it.
    package static let certificateLimit = 4 << 20

    /// The contents of a file.
    ///
    /// All checks are made on the opened file, so that it cannot be replaced in between.
    /// - Parameters:
    ///   - limit: the maximum size in bytes; a larger file is an error.
    ///   - isSecret: whether to refuse a file that others can access or that its group can write.
    package static func read(_ path: String, atMost limit: Int, isSecret: Bool = false) throws(FileUnreadable) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw FileUnreadable(path: path, errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileUnreadable(path: path, errno: errno) }
        if let shape = shape(status.st_mode) { throw FileUnreadable(path: path, .notRegular(shape)) }
        if isSecret, status.st_mode & 0o027 != 0 { throw FileUnreadable(path: path, .openToOthers(mode: status.st_mode & 0o777)) }
        guard status.st_size <= limit else { throw FileUnreadable(path: path, .tooLarge(bytes: Int(status.st_size), limit: limit)) }
        return try read(descriptor, path, expecting: Int(status.st_size), atMost: limit)
    }

    /// Reads to the end, whatever size was reported: files in `/proc` report none, and a file may grow while it is read.
    private static func read(
        _ descriptor: Int32, _ path: String, expecting size: Int, atMost limit: Int
    ) throws(FileUnreadable) -> [UInt8] {
        var bytes: [UInt8] = []
        var room = size + 1
        while true {
            let filled = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: min(room, limit + 1 - filled)))
            let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled) }
            let code = errno
            bytes.removeLast(bytes.count - filled - max(0, count))
            if count < 0, code == EINTR { continue }
            guard count >= 0 else { throw FileUnreadable(path: path, errno: code) }
            guard bytes.count <= limit else { throw FileUnreadable(path: path, .tooLarge(bytes: nil, limit: limit)) }
            if count == 0 { return bytes }
            room = max(16 << 10, size + 1 - bytes.count)
        }
    }

    /// Replaces a file atomically and syncs it to disk. The new file has mode 0600.
    package static func replace(_ path: String, with bytes: [UInt8]) throws(FileUnreadable) {
        let unfinished = path + ".new"
        unlink(unfinished)
        let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileUnreadable(path: unfinished, errno: errno) }
        var code = fchmod(descriptor, 0o600) == 0 ? 0 : errno
        var written = 0
        while code == 0, written < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written) }
            if count > 0 { written += count } else if errno != EINTR { code = count == 0 ? ENOSPC : errno }
        }
        if code == 0, fsync(descriptor) != 0 { code = errno }
        close(descriptor)
        if code == 0, rename(unfinished, path) != 0 { code = errno }
        guard code == 0 else {
            unlink(unfinished)
            throw FileUnreadable(path: path, .notWritten(code))
        }
    }

    /// The path without links, `.` and `..`; as it is, if it leads nowhere.
    package static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    /// The file type of `st_mode`, such as `a directory`; nil for a regular file.
    package static func shape(_ mode: UInt32) -> String? {
        switch mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "a directory"
        case S_IFIFO: "a named pipe"
        case S_IFSOCK: "a socket"
        case S_IFLNK: "a link"
        case S_IFCHR, S_IFBLK: "a device"
        default: "something else"
        }
    }
}
