package import FoundationEssentials
import Probing

/// Detects that the wall clock was set: for a while afterwards, nothing is discarded because of its date. A pure value.
package struct DateDoubt: Sendable {
    /// How far, in seconds, the wall clock may deviate from the monotonic clock between two calls before it counts as set.
    private static let tolerance: Double = 60
    /// How long dates are in doubt: the time to correct a clock that was set wrong.
    package static let lasts: Duration = .seconds(3600)

    private var last: (now: Date, elapsed: Duration)
    private var until: Duration?

    package init(at elapsed: Duration, _ now: Date) { last = (now, elapsed) }

    /// - Returns: the `TimeSource.elapsed` until which dates are in doubt; nil if they are not.
    package mutating func look(at elapsed: Duration, _ now: Date) -> Duration? {
        let parted = now.timeIntervalSince(last.now) - (elapsed - last.elapsed).seconds
        if abs(parted) > Self.tolerance { until = elapsed + Self.lasts }
        last = (now, elapsed)
        return until.flatMap { elapsed < $0 ? $0 : nil }
    }
}
