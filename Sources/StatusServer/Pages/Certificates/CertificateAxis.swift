import Certificates
import FoundationEssentials
import Monitoring
import Probing

/// The certificates on one axis of time, as `axis.svg` draws them. Positions are percentages, so that it fits any width.
struct CertificateAxis: Sendable {
    struct Tick: Sendable {
        let x: String
        let anchor: String
        let label: String
    }

    struct Bar: Sendable {
        let barTitle: String
        let barLabel: String
        let barEnd: String
        let barState: String
        let color: String
        let begin: String
        let whole: String
        let left: String
        let rest: String
        let textY: Int
        let barY: Int
        let barBottom: Int
        let marks: [Mark]
    }

    /// Where a threshold is passed.
    struct Mark: Sendable { let at: String }

    /// More do not fit on a page; the table has them all.
    private static let barLimit = 40
    private static let day = 86400.0

    let axisLabel: String
    let height: Int
    let today: String
    let ticks: [Tick]
    let bars: [Bar]

    /// - Parameter certificates: sorted by their ends; without one, the axis has no bars.
    init(_ certificates: [SeenCertificate], at now: Date, _ thresholds: Thresholds) {
        let shown = certificates.prefix(Self.barLimit)
        let last = shown.map(\.facts.notAfter).max() ?? now
        let reach = min(max(last.timeIntervalSince(now) * 1.05, 120 * Self.day), 2 * 366 * Self.day)
        let start = now - reach * 0.12
        let end = now + reach
        func x(_ date: Date) -> Double { min(max(date.timeIntervalSince(start) / end.timeIntervalSince(start), 0), 1) * 100 }
        func text(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
        today = text(x(now))
        ticks = Self.months(from: start, to: end).map { date, label in Tick(x: text(x(date)), anchor: "middle", label: label) }
            .filter { abs((Double($0.x) ?? 0) - x(now)) > 4 && (Double($0.x) ?? 0) > 2 && (Double($0.x) ?? 0) < 97 }
        height = 26 + 36 * shown.count
        bars = shown.enumerated().map { index, seen in
            let standing = seen.standing(at: now, thresholds)
            let (from, to) = (x(seen.facts.notBefore), x(seen.facts.notAfter))
            let left = max(from, min(x(now), to))
            let top = 26 + 36 * index
            let turns = seen.turns(thresholds)
            let ends = PageTime(seen.facts.notAfter, at: now)
            return Bar(
                barTitle: "\(seen.name), \(seen.facts.thumbprint): \(seen.facts.notBefore.formatted(.iso8601)) to \(ends.iso)",
                barLabel: seen.name, barEnd: "\(seen.facts.notAfter <= now ? "ended" : "ends") \(ends.iso.prefix(10)), \(ends.relative)",
                barState: seen.facts.notAfter <= now ? "failing" : standing.rawValue, color: standing.color, begin: text(from),
                whole: text(max(to - from, 0.3)), left: text(seen.facts.notAfter <= now ? max(to - 0.6, 0) : left),
                rest: text(seen.facts.notAfter <= now ? 0.6 : max(to - left, 0.6)), textY: top + 11, barY: top + 17, barBottom: top + 26,
                marks: [turns.warning, turns.failure].filter { $0 > now && $0 < end }.map { Mark(at: text(x($0))) })
        }
        let soon = shown.count { $0.facts.notAfter > now && $0.facts.notAfter <= now + 7 * Self.day }
        axisLabel = "\(certificates.count) certificates on an axis of time; \(soon) end within a week"
    }

    /// The firsts of months, as many as fit: `Jan 2027`.
    private static func months(from start: Date, to end: Date) -> [(Date, String)] {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let months = end.timeIntervalSince(start) / (30 * day)
        let step = [1, 2, 3, 4, 6, 12].first { months / Double($0) <= 9 } ?? 12
        let from = calendar.dateComponents([.year, .month], from: start)
        guard let year = from.year, let month = from.month else { return [] }
        return (1...Int(months) + 2).compactMap { offset in
            let index = month - 1 + offset
            guard index % step == 0 else { return nil }
            let date = calendar.date(from: DateComponents(timeZone: .gmt, year: year + index / 12, month: index % 12 + 1, day: 1))
            return date.flatMap { $0 < end ? ($0, "\(names[index % 12]) \(year + index / 12)") : nil }
        }
    }
}

/// The certificates section of the status page: the axis, and a table that says the same.
struct CertificateSection: Sendable {
    struct Row: Sendable {
        let certificateName: String
        let fingerprint: String
        let seen: String
        let from: PageTime
        let ends: PageTime
        let certificateState: String
        let days: String
        let keyText: String
    }

    private static let rowLimit = 100

    /// As SVG.
    let axis: String
    let certificateRows: [Row]

    init(_ certificates: [SeenCertificate], axis: String, at now: Date, _ thresholds: Thresholds) {
        self.axis = axis
        certificateRows = certificates.prefix(Self.rowLimit).map { seen in
            Row(
                certificateName: seen.name, fingerprint: seen.facts.thumbprint.description,
                seen: ProbeWords.list(seen.places, "place", "places") ?? "", from: PageTime(seen.facts.notBefore, at: now),
                ends: PageTime(seen.facts.notAfter, at: now), certificateState: seen.standing(at: now, thresholds).rawValue,
                days: seen.daysLeft(at: now), keyText: "\(seen.facts.keyType) \(seen.facts.keyBits)")
        }
    }
}
