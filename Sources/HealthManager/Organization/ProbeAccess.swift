package import Addresses

/// Who may ask for probes by `/probe`, of what, and how often.
package struct ProbeAccess: Sendable, Hashable {
    package var allowFrom: [AddressRange] = ProbeAccess.ranges(["127.0.0.0/8", "::1"])
    /// Empty means any address that is not denied.
    package var allowTargets: [AddressRange] = []
    /// Left out: where clouds keep their machines' credentials.
    package var denyTargets: [AddressRange] = ProbeAccess.ranges(["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"])
    /// Runs begun in a second, over all callers; 0 is no limit.
    package var rateLimit = 1000
    /// Runs under way at once.
    package var maximumRunning = 1000
    /// What is left of a caller's patience for the way of the answer.
    package var timeoutOffset: Duration = .milliseconds(500)

    package init() {}

    private static func ranges(_ texts: [String]) -> [AddressRange] { texts.compactMap { AddressRange($0) } }
}
