package import Addresses

/// Access control and rate limits for `/probe`.
package struct ProbeAccess: Sendable, Hashable {
    package var allowFrom: [AddressRange] = ProbeAccess.ranges(["127.0.0.0/8", "::1"])
    /// Empty means any address that is not denied.
    package var allowTargets: [AddressRange] = []
    /// By default the link-local and metadata addresses where clouds serve instance credentials.
    package var denyTargets: [AddressRange] = ProbeAccess.ranges(["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"])
    /// Maximum runs started per second, over all callers; 0 means no limit.
    package var rateLimit = 1000
    /// Maximum concurrent runs.
    package var maximumRunning = 1000
    /// Subtracted from the caller's scrape timeout, to leave time for the response.
    package var timeoutOffset: Duration = .milliseconds(500)
    /// How many runs are kept for `/logs`, and as many older failures.
    package var historyLimit = 100

    package init() {}

    private static func ranges(_ texts: [String]) -> [AddressRange] { texts.compactMap { AddressRange($0) } }
}
