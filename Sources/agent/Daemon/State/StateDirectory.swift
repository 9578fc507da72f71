import Documents
import FoundationEssentials
import Glibc

/// The directory for the agent's state, locked as long as this object exists.
final class StateDirectory: Sendable {
    struct Unusable: Error, CustomStringConvertible {
        var description: String
    }

    let path: String
    private let descriptor: Int32

    /// Creates the directory if it does not exist, and locks it.
    /// - Throws: `Unusable`, with one sentence, if it cannot be created, is writable by others, or is in use by another agent.
    init(_ path: String) throws(Unusable) {
        self.path = path
        try Self.prepare(path, remedy: "set 'stateDirectory'")
        let file = path + "/agent.lock"
        descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else {
            throw Unusable(
                description:
                    "cannot write to the state directory \(path): \(String(cString: strerror(errno))); run as its owner, or set 'stateDirectory'"
            )
        }
        if let problem = Self.problem(of: descriptor) ?? Self.holder(of: descriptor) {
            close(descriptor)
            throw Unusable(
                description: problem.isEmpty
                    ? "\(file) is not a regular file: remove it, or set 'stateDirectory' to another directory"
                    : "\(problem) is using the state directory \(path): stop it, or set 'stateDirectory' to another directory")
        }
        ftruncate(descriptor, 0)
        let pid = Array("\(getpid())\n".utf8)
        _ = write(descriptor, pid, pid.count)
    }

    deinit { close(descriptor) }

    /// Creates a directory with mode 0700 if it does not exist; checks that it is owned by this user and not writable by others.
    /// - Parameter remedy: the advice in the error, such as `set 'stateDirectory'`.
    static func prepare(_ path: String, remedy: String) throws(Unusable) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Unusable(description: "cannot create the state directory \(path): \(remedy) to a directory this user can write to")
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
                    "the state directory \(path) is owned by another user (uid \(status.st_uid)): run as that user, or \(remedy) to another directory"
            )
        }
        guard status.st_mode & 0o022 == 0 else {
            throw Unusable(
                description:
                    "the state directory \(path) is writable by others (mode 0\(String(status.st_mode & 0o777, radix: 8))): chmod go-w \(path), or \(remedy) to another directory"
            )
        }
    }

    /// Sets mode 0600 on a regular file and returns nil; returns an empty string for anything else.
    private static func problem(of descriptor: Int32) -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return "" }
        fchmod(descriptor, 0o600)
        return nil
    }

    /// Takes the lock. Returns nil on success, otherwise a description of the process that holds it.
    private static func holder(of descriptor: Int32) -> String? {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return nil }
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let number = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).filter(\.isNumber)
        return number.isEmpty ? "another agent" : "another agent (process \(number))"
    }
}
