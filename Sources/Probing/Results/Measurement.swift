package import FoundationEssentials

/// A metric of a probe: a gauge, or a counter if its name ends with `_total`. There is one object for each name.
package final class MetricDefinition: Sendable, Hashable {
    /// Where its samples are exposed.
    package enum Exposure: Sendable {
        /// In the response of `/probe`.
        case onDemand
        /// In `/metrics`, with the labels of the probe before its own.
        case scheduled
        /// In both. In `/metrics` the name begins with `health_`, and the labels of the probe precede its own.
        case both
        /// In `/metrics`, with its own labels only. Of several probes that measure the same series, the newest result counts.
        case shared
    }

    /// The name in the response of `/probe`, or the only one: `probe_http_status_code`, `oauth_certificate_drift`. Unique.
    package let name: String
    /// The name in `/metrics`.
    package let scheduledName: String
    /// One line.
    package let help: String
    package let exposure: Exposure

    package init(_ name: String, _ help: String, _ exposure: Exposure = .onDemand) {
        self.name = name
        self.help = help
        self.exposure = exposure
        scheduledName = exposure == .both ? "health_" + name : name
    }

    /// `gauge` or `counter`, as in a `# TYPE` line.
    package var type: String { name.hasSuffix("_total") ? "counter" : "gauge" }

    package static func == (left: MetricDefinition, right: MetricDefinition) -> Bool { left === right }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

    /// A measurement of this metric.
    /// - Parameter labels: names and values, in the order they are exposed.
    package func callAsFunction(_ value: Double, _ labels: [(String, String)] = []) -> Measurement {
        Measurement(metric: self, labels: labels, value: value)
    }

    /// A measurement that is 1 for true and 0 for false.
    package func callAsFunction(_ value: Bool, _ labels: [(String, String)] = []) -> Measurement { self(value ? 1 : 0, labels) }
    /// A measurement without labels.
    package func callAsFunction(_ value: Int) -> Measurement { self(Double(value)) }
    /// A measurement in seconds since 1970.
    package func callAsFunction(_ date: Date, _ labels: [(String, String)] = []) -> Measurement { self(date.timeIntervalSince1970, labels) }
    /// A measurement in seconds.
    package func callAsFunction(_ duration: Duration, _ labels: [(String, String)] = []) -> Measurement { self(duration.seconds, labels) }

    /// A measurement for each phase, in seconds, with the label `phase`; 0 for a phase without a duration.
    package func callAsFunction<Phase: RawRepresentable & CaseIterable & Hashable>(_ durations: [Phase: Duration]) -> [Measurement]
    where Phase.RawValue == String {
        Phase.allCases.map { self(durations[$0] ?? .zero, [("phase", $0.rawValue)]) }
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
