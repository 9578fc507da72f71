import FoundationEssentials
import Monitoring
import Probing

/// How long the runs of a probe took, as `plot.svg` draws it: one column for each slice of time, from the shortest run to the longest.
struct LatencyPlot: Sendable {
    struct Dot: Sendable {
        let dotState: String
        let x: String
        let width: String
        let top: Int
        let size: Int
    }

    struct Level: Sendable {
        let y: Int
        let textY: Int
        let level: String
    }

    private static let slices = 240
    private static let height = 165.0

    let plotLabel: String
    let levels: [Level]
    let ticks: [CertificateAxis.Tick]
    let dots: [Dot]

    /// Nil without results.
    init?(_ results: [HistoryRecord], _ window: PlotWindow, at now: Date) {
        let start = now - window.seconds
        let runs = results.filter { $0.at >= start && $0.at <= now && $0.durationSeconds != nil }
        let longest = max(runs.compactMap(\.durationSeconds).max() ?? 0, 0.001)
        guard !runs.isEmpty else { return nil }
        func y(_ seconds: Double) -> Int { Int((Self.height - seconds / longest * (Self.height - 20)).rounded()) }
        let width = 100.0 / Double(Self.slices)
        dots = Dictionary(grouping: runs) {
            min(Int($0.at.timeIntervalSince(start) / window.seconds * Double(Self.slices)), Self.slices - 1)
        }
        .sorted { $0.key < $1.key }.map { slice, runs in
            let lengths = runs.compactMap(\.durationSeconds)
            let (least, most) = (lengths.min() ?? 0, lengths.max() ?? 0)
            let worst = runs.map { Standing($0) }.min() ?? .passing
            return Dot(
                dotState: worst.rawValue, x: "\(Double(slice) * width)", width: "\(width * 0.85)", top: y(most) - 2,
                size: y(least) - y(most) + 4)
        }
        levels = [0, 0.5, 1].map { share in
            Level(y: y(longest * share), textY: y(longest * share) - 4, level: ProbeRow.milliseconds(.seconds(longest * share)))
        }
        ticks = [0, 0.25, 0.5, 0.75, 1].map { share in
            let date = start + window.seconds * share
            let iso = PageTime(date, at: now).exact
            return CertificateAxis.Tick(
                x: "\(share * 100)", anchor: share == 0 ? "start" : share == 1 ? "end" : "middle",
                label: share == 1 ? "now" : String(window == .day ? iso.dropFirst(11).prefix(5) : iso.prefix(10)))
        }
        let failing = runs.count { Standing($0) == .failing }
        plotLabel =
            "Durations of \(runs.count) runs within \(window.label), \(failing) of them failing; the longest took "
            + ProbeRow.milliseconds(.seconds(longest))
    }
}
