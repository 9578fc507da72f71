/// A duration in nanoseconds, in half of the memory that `Duration` takes; for values that are kept for every probe.
package struct CompactDuration: Sendable, Hashable, Comparable {
    private var nanoseconds: Int64

    /// Rounded towards zero; beyond 292 years, the longest that can be kept.
    package init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isOver) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        nanoseconds = isTooLong || isOver ? (seconds < 0 ? .min : .max) : sum
    }

    package static func < (left: CompactDuration, right: CompactDuration) -> Bool { left.nanoseconds < right.nanoseconds }

    package var duration: Duration { .nanoseconds(nanoseconds) }
}
