import Glibc

/// Reads a file that somebody names: a regular one, up to a bound, without ever waiting for anyone.
package enum RegularFile {
    /// For a key or a line of credentials.
    package static let credentialLimit = 64 << 10
    /// For certificates: a whole bundle of roots has a sixteenth of it.
    package static let certificateLimit = 4 << 20

    /// All bytes of a file.
    ///
    /// It is opened first, and the open file asked what it is, so that nobody can put another in between.
    /// - Parameters:
    ///   - limit: the most bytes; a longer file is not read.
    ///   - isSecret: refuses a file that others may read or that its group may write.
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

    /// Reads to the end, whatever size was announced: a file of `/proc` announces none, and another may grow meanwhile.
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

    /// Puts a file in the place of another, whole or not at all. Nobody but its owner may read it.
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

    /// Nil for a regular file, else what it is.
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
