import Glibc

/// How the process's file descriptors are shared out, so that neither callers nor probes take all of them.
package struct DescriptorBudget: Sendable, Equatable {
    /// What the agent itself needs: files, event loops, the state directory, outgoing notifications.
    private static let own = 32
    /// Beyond this, memory is what bounds.
    private static let mostConnections = 4096

    package struct TooFew: Error, CustomStringConvertible {
        package var description: String
    }

    /// Connections of callers on the network.
    package let connections: Int
    /// Connections of the control socket.
    package let controlConnections: Int
    /// Probes under way at once: on schedule, and as many by `/probe`.
    package let runs: Int

    /// - Parameter limit: descriptors the process may have open.
    /// - Throws: where they do not suffice for the agent itself.
    package init(limit: Int) throws(TooFew) {
        guard limit >= 2 * Self.own else {
            throw TooFew(
                description: "\(limit) open files are too few, \(2 * Self.own) are needed: raise the limit (ulimit -n, LimitNOFILE)")
        }
        let rest = limit - Self.own
        connections = min(rest * 3 / 8, Self.mostConnections)
        controlConnections = max(connections / 8, 4)
        runs = rest / 4
    }

    /// Raises the process's limit as far as it may be raised (65,536 at most, which no program started by the agent stumbles over).
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
