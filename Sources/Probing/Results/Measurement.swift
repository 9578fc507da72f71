/// A metric of `/probe`: a gauge.
package struct MetricDefinition: Sendable, Hashable {
    /// The metric's name as it is exposed: `probe_http_status_code`.
    package let name: String
    /// One line.
    package let help: String

    package init(_ name: String, _ help: String) {
        self.name = name
        self.help = help
    }

    /// A measurement of this metric.
    /// - Parameter labels: names and values, in the order they are exposed.
    package func callAsFunction(_ value: Double, _ labels: [(String, String)] = []) -> Measurement {
        Measurement(metric: self, labels: labels, value: value)
    }

    package func callAsFunction(_ value: Bool) -> Measurement { self(value ? 1 : 0) }
    package func callAsFunction(_ value: Int) -> Measurement { self(Double(value)) }

    /// A measurement for each phase, in seconds, with the label `phase`; 0 for a phase without a duration.
    package func callAsFunction<Phase: RawRepresentable & CaseIterable & Hashable>(_ durations: [Phase: Duration]) -> [Measurement]
    where Phase.RawValue == String {
        Phase.allCases.map { self(durations[$0]?.seconds ?? 0, [("phase", $0.rawValue)]) }
    }
}

/// One sample of a metric.
package struct Measurement: Sendable {
    package let metric: MetricDefinition
    package let labels: [(String, String)]
    package let value: Double
}

/// What a run has measured of its target. It is part of the response to `/probe`, and not kept in the cache.
package protocol TargetFacts: Sendable {
    /// Samples of the metrics that the kind declares in its guide, each series at most once. Read only for a response to `/probe`.
    var measurements: [Measurement] { get }
}
