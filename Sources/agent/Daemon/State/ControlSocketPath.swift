import CLinux
import Glibc

/// Prepares the path of a socket.
enum ControlSocketPath {
    /// Removes a stale socket, on which nothing listens; any other existing file is an error.
    /// - Parameters:
    ///   - what: in the error: `the control socket`.
    ///   - remedy: the advice in the error, such as `set 'controlSocket.path' to another path`.
    static func claim(_ path: String, _ what: String = "the control socket", remedy: String) throws(StateDirectory.Unusable) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw .init(
                description: "cannot create \(what): \(path) exists and is not a socket; remove it, or \(remedy)")
        }
        switch refusal(of: path) {
        case ECONNREFUSED: unlink(path)
        case 0, EAGAIN:
            throw .init(description: "\(what) \(path) is in use by another agent: stop it, or \(remedy)")
        case let code:
            throw .init(
                description:
                    "cannot create \(what): cannot tell whether \(path) is in use (\(String(cString: strerror(code)))); remove it, or \(remedy)"
            )
        }
    }

    /// The error of connecting to a socket; 0 if something listens on it.
    private static func refusal(of path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        let result = agent_connect_unix(descriptor, path)
        return result == -2 ? ENAMETOOLONG : result == 0 ? 0 : errno
    }
}
