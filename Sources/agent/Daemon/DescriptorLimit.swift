import Glibc

/// The limit of open files for commands; the daemon uses `DescriptorBudget`.
enum DescriptorLimit {
    /// Enough for a command that queries the agent or runs one probe, including the Swift runtime, which traps if it gets none.
    private static let needed = 24

    /// Raises the soft limit to `needed` where it is lower.
    /// - Throws: `Unusable` if the hard limit does not allow that.
    static func check() throws(StateDirectory.Unusable) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < needed else { return }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(needed))
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur >= needed else {
            throw .init(
                description: "the limit of \(limit.rlim_cur) open files is too low, at least \(needed) are required: "
                    + "raise it (ulimit -n, LimitNOFILE)")
        }
    }
}
