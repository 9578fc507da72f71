package import FoundationEssentials

/// Notices that the wall clock was set: for a while afterwards nothing is thrown away because of its date. A pure value.
package struct DateDoubt: Sendable {
    /// How far the two clocks may part between two looks without anybody having set one.
    private static let tolerance: Double = 60
    /// Whoever sets a clock wrong by mistake has so long to set it right.
    package static let lasts: Duration = .seconds(3600)

    private var last: (now: Date, elapsed: Duration)
    private var until: Duration?

    package init(at elapsed: Duration, _ now: Date) { last = (now, elapsed) }

    /// - Returns: the `TimeSource.elapsed` at which dates are believed again; nil where they are now.
    package mutating func look(at elapsed: Duration, _ now: Date) -> Duration? {
        let parted = now.timeIntervalSince(last.now) - (elapsed - last.elapsed).seconds
        if abs(parted) > Self.tolerance { until = elapsed + Self.lasts }
        last = (now, elapsed)
        return until.flatMap { elapsed < $0 ? $0 : nil }
    }
}
