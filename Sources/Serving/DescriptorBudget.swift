import Glibc

/// How the file descriptors of the process are divided, so that neither clients nor probes use up all of them.
package struct DescriptorBudget: Sendable, Equatable {
    /// The least number of descriptors the agent works with.
    private static let least = 64
    /// Descriptors for the agent itself: files, event loops, the state directory, the reserve, outgoing notifications.
    private static let own = 40
    /// Upper limit on connections, because of their memory.
    private static let mostConnections = 4096

    /// The limit of open files is too low; the description is one sentence.
    package struct TooFew: Error, CustomStringConvertible {
        package var description: String
    }

    /// Maximum number of connections on the network listener.
    package let connections: Int
    /// Maximum number of connections on the control socket.
    package let controlConnections: Int
    /// Maximum number of concurrent scheduled runs, and of concurrent runs for `/probe`.
    package let runs: Int

    /// - Parameter limit: the maximum number of open descriptors of the process.
    /// - Throws: `TooFew` if the limit is less than 64.
    package init(limit: Int) throws(TooFew) {
        guard limit >= Self.least else {
            throw TooFew(
                description:
                    "the limit of \(limit) open files is too low, at least \(Self.least) are required: raise it (ulimit -n, LimitNOFILE)")
        }
        let rest = limit - Self.own
        connections = min(rest * 3 / 8, Self.mostConnections)
        controlConnections = max(connections / 8, 4)
        // Some runs need two: to look up a name, or to try two addresses.
        runs = rest / 5
    }

    /// Raises the soft limit of open files to the hard limit, at most 65,536 (a value that child processes can handle), and divides it.
    /// - Throws: `TooFew` if the limit is still less than 64.
    package static func raised() throws(TooFew) -> DescriptorBudget {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        getrlimit(resource, &limit)
        let wanted = min(limit.rlim_max, 65536)
        if limit.rlim_cur < wanted {
            limit.rlim_cur = wanted
            setrlimit(resource, &limit)
            getrlimit(resource, &limit)
        }
        return try DescriptorBudget(limit: Int(clamping: limit.rlim_cur))
    }
}
