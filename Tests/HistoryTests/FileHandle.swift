import Glibc

/// A file that is written in place, its inode kept.
struct FileHandle {
    struct CannotWrite: Error {}

    private let descriptor: Int32

    static func writing(_ path: String) throws -> FileHandle {
        let descriptor = open(path, O_WRONLY)
        guard descriptor >= 0 else { throw CannotWrite() }
        return FileHandle(descriptor: descriptor)
    }

    func overwrite(with bytes: [UInt8]) throws {
        defer { close(descriptor) }
        guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else { throw CannotWrite() }
    }
}
