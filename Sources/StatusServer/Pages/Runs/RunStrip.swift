import Probing

/// The last runs of a probe as two pictures, a few hundred bytes each. They contain numbers only.
enum RunStrip {
    /// One bar for each run, the newest on the right; nothing else is as small as dashed lines, one for each stretch of equal runs.
    static func svg(_ runs: [RecentRuns.Run]) -> String {
        let first = RecentRuns.length - runs.count
        var lines: [Standing: String] = [:]
        var begin = 0
        while begin < runs.count {
            let standing = runs[begin].standing
            let end = runs[begin...].firstIndex { $0.standing != standing } ?? runs.count
            lines[standing, default: ""] += "M\(4 * (first + begin)) 11h\(4 * (end - begin) - 1)"
            begin = end
        }
        let paths = lines.sorted { $0.key > $1.key }.map { "<path class=\"\(style($0.key))\" d=\"\($0.value)\"/>" }.joined()
        return "<svg class=\"strip\" viewBox=\"0 0 \(4 * RecentRuns.length) 22\" preserveAspectRatio=\"none\" role=\"img\" "
            + "aria-label=\"\(words(runs))\">\(paths)</svg>"
    }

    /// `40 runs: 38 passing, 2 failing`
    static func words(_ runs: [RecentRuns.Run]) -> String {
        let counts = Standing.allCases.compactMap { standing -> String? in
            let count = runs.count { $0.standing == standing }
            return count == 0 ? nil : "\(count) \(standing.label)"
        }
        return runs.isEmpty
            ? "no run yet" : "\(runs.count) \(runs.count == 1 ? "run" : "runs"): " + counts.reversed().joined(separator: ", ")
    }

    /// The durations as a line, the longest at the top; nil for less than three runs.
    static func spark(_ runs: [RecentRuns.Run]) -> String? {
        guard runs.count > 2 else { return nil }
        let longest = max(runs.map(\.milliseconds).max() ?? 0, 0.1)
        let first = RecentRuns.length - runs.count
        let points = runs.enumerated().map { index, run in "\(2 * (first + index)) \(Int((21 - 19 * run.milliseconds / longest).rounded()))"
        }
        return "<svg class=\"spark\" viewBox=\"0 0 80 22\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
            + "<path d=\"M\(points.joined(separator: "L"))\"/></svg>"
    }

    private static func style(_ standing: Standing) -> String {
        switch standing {
        case .passing: "p"
        case .failing: "f"
        case .warning: "w"
        default: "u"
        }
    }
}
