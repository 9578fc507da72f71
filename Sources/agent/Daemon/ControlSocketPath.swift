import Glibc

/// Where a control socket is to be made.
enum ControlSocketPath {
    /// Makes the path free: what a socket left behind that nobody serves any more is removed, and nothing else.
    /// - Parameter remedy: what to set where the path cannot be had.
    static func claim(_ path: String, remedy: String) throws(StateDirectory.Unusable) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw .init(
                description: "the control socket cannot be made: \(path) is there already, and is no socket; remove it, or \(remedy)")
        }
        switch refusal(of: path) {
        case ECONNREFUSED: unlink(path)
        case 0, EAGAIN:
            throw .init(description: "another agent serves the control socket \(path): stop it, or \(remedy)")
        case let code:
            throw .init(
                description:
                    "the control socket cannot be made: whether \(path) is still served cannot be told (\(String(cString: strerror(code)))); remove it, or \(remedy)"
            )
        }
    }

    /// What connecting to a socket ends with; 0 where somebody serves it.
    private static func refusal(of path: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard path.utf8.count < room.count else { return false }
            room.copyBytes(from: path.utf8)
            return true
        }
        guard isShort else { return ENAMETOOLONG }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        return result == 0 ? 0 : errno
    }
}
