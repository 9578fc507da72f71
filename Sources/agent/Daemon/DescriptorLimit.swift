import Glibc

/// How many files the process of a command may hold open. The daemon has a budget of its own.
enum DescriptorLimit {
    /// What a command that asks, or runs one probe, opens. The Swift runtime, which traps where it gets none, has its share of them.
    private static let needed = 24

    /// Raises the limit to what the system allows, and refuses one that is too low to start with.
    static func check() throws(StateDirectory.Unusable) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < needed else { return }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(needed))
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur >= needed else {
            throw .init(
                description:
                    "the agent may open \(limit.rlim_cur) files, at least \(needed) are needed: raise the limit (ulimit -n, LimitNOFILE)")
        }
    }
}
