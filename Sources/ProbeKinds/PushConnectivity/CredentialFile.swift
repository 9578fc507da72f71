import FoundationEssentials
import Glibc

/// A private key file, read only when it is closed to others.
enum CredentialFile {
    struct Refused: Error {
        /// One clause, without a word of the content.
        var clause: String
    }

    /// Opens first and asks the open file for its mode, so that nobody can put another in between.
    static func read(_ path: String) throws(Refused) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Refused(clause: "\(path) cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw Refused(clause: "\(path) is not a file") }
        guard status.st_mode & 0o027 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw Refused(clause: "\(path) has mode 0\(mode) and is open to others: chmod 0640 \(path)")
        }
        guard status.st_size <= 65536 else { throw Refused(clause: "\(path) is too large for a key") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count == bytes.count else { throw Refused(clause: "\(path) cannot be read") }
        return bytes
    }
}
