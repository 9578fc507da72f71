import Glibc
import StatusServer

/// The listening sockets that the service manager passed to this process, as sd_listen_fds(3) describes.
enum InheritedSockets {
    private static let first: Int32 = 3
    private static let variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]

    /// Takes the sockets. Neither they nor the variables that announce them are passed on to child processes.
    /// - Parameter areRequired: whether none is an error.
    /// - Returns: their descriptors; empty if none were passed, or if they were meant for another process.
    /// - Throws: if one of them is not a listening stream socket.
    static func take(areRequired: Bool) throws(CannotListen) -> [Int32] {
        let values = variables.map { name in getenv(name).map { String(cString: $0) } ?? "" }
        for name in variables { unsetenv(name) }
        let count = values[0] == "\(getpid())" ? Int32(values[1]) ?? 0 : 0
        guard count > 0 else {
            guard areRequired else { return [] }
            let isForAnother = values[0] != "" && values[0] != "\(getpid())"
            throw CannotListen(
                description: isForAnother
                    ? "the listening sockets were passed to process \(values[0]), not to the agent: let the unit start the agent itself, "
                        + "or remove --web.systemd-socket"
                    : "no listening socket was passed to the agent: start it by its socket unit (systemctl enable --now agent.socket), "
                        + "or remove --web.systemd-socket")
        }
        let names = values[2].split(separator: ":", omittingEmptySubsequences: false)
        var descriptors: [Int32] = []
        for index in 0..<count {
            let descriptor = first + index
            guard isListening(descriptor) else {
                let name = names.indices.contains(Int(index)) ? " '\(names[Int(index)])'" : ""
                throw CannotListen(
                    description: "the inherited file descriptor \(descriptor)\(name) is not a listening stream socket: "
                        + "use ListenStream= with Accept=no in the socket unit")
            }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            descriptors.append(descriptor)
        }
        return descriptors
    }

    private static func isListening(_ descriptor: Int32) -> Bool {
        [(SO_DOMAIN, [AF_INET, AF_INET6, AF_UNIX]), (SO_TYPE, [Int32(SOCK_STREAM.rawValue)]), (SO_ACCEPTCONN, [1])].allSatisfy {
            option, allowed in
            var value: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            return getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 && allowed.contains(value)
        }
    }
}
