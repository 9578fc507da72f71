import Documents
import FoundationEssentials
import Glibc

/// The directory the agent keeps its state in, locked for as long as this value lives.
final class StateDirectory: Sendable {
    struct Unusable: Error, CustomStringConvertible {
        var description: String
    }

    let path: String
    private let descriptor: Int32

    /// Makes the directory if it is missing, and locks it.
    /// - Throws: `Unusable` with one sentence: not to be made, open to others, or held by another agent.
    init(_ path: String) throws(Unusable) {
        self.path = path
        try Self.prepare(path, remedy: "set 'stateDirectory'")
        let file = path + "/agent.lock"
        descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else {
            throw Unusable(
                description:
                    "cannot write in the state directory \(path): \(String(cString: strerror(errno))); run as its owner, or set 'stateDirectory'"
            )
        }
        if let problem = Self.problem(of: descriptor) ?? Self.holder(of: descriptor) {
            close(descriptor)
            throw Unusable(
                description: problem.isEmpty
                    ? "\(file) is no regular file: remove it, or set 'stateDirectory' to another directory"
                    : "\(problem) runs on the state directory \(path): stop it, or set 'stateDirectory' to another one")
        }
        ftruncate(descriptor, 0)
        let pid = Array("\(getpid())\n".utf8)
        _ = write(descriptor, pid, pid.count)
    }

    deinit { close(descriptor) }

    /// Makes a directory if it is missing, mode 0700, and refuses one in which others could put or change files.
    static func prepare(_ path: String, remedy: String) throws(Unusable) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Unusable(description: "cannot make the state directory \(path): \(remedy) to one this user may write")
        }
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Unusable(description: "the state directory \(FileUnreadable(path: path, errno: errno))") }
        defer { close(directory) }
        var status = stat()
        guard fstat(directory, &status) == 0 else {
            throw Unusable(description: "the state directory \(FileUnreadable(path: path, errno: errno))")
        }
        guard status.st_uid == geteuid() else {
            throw Unusable(
                description:
                    "the state directory \(path) belongs to another user (id \(status.st_uid)): run as that user, or \(remedy) to one of this user"
            )
        }
        guard status.st_mode & 0o022 == 0 else {
            throw Unusable(
                description:
                    "others may write in the state directory \(path) (mode 0\(String(status.st_mode & 0o777, radix: 8))): chmod go-w \(path), or \(remedy) to another one"
            )
        }
    }

    /// Empty for what is no regular file; the file that it is, is made its owner's alone.
    private static func problem(of descriptor: Int32) -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return "" }
        fchmod(descriptor, 0o600)
        return nil
    }

    /// Who holds the lock; nil where it is ours now.
    private static func holder(of descriptor: Int32) -> String? {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return nil }
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let number = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).filter(\.isNumber)
        return number.isEmpty ? "another agent" : "another agent (process \(number))"
    }
}
