/// A histogram in Prometheus's sense: counts of observations by upper bound.
package struct Histogram: Sendable, Hashable {
    /// Upper bounds in ascending order, without `+Inf`.
    package let bounds: [Double]
    /// One count per bound, and a last one for `+Inf`; not cumulative.
    package private(set) var counts: [Int]
    package private(set) var sum = 0.0

    package var count: Int { counts.reduce(0, +) }

    package init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// Counts a value in the first bucket whose bound is not less than it.
    package mutating func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
