package import Probing

extension Outcome {
    /// The names of the metrics that were measured although neither the guide declares them nor every kind may measure them.
    package func undeclaredMetrics(_ guide: KindGuide) -> [String] {
        let declared = Set(guide.metrics + MetricDefinition.peerCertificate)
        let measured = facts.flatMap(\.measurements) + observations.flatMap(\.measurements)
        return measured.map(\.metric).filter { !declared.contains($0) }.map(\.name)
    }
}
