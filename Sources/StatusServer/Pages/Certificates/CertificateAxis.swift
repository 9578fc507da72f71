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
        /// Whether it ends within a week.
        let isSoon: Bool
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

    /// A known date, in a row of its own below the certificates.
    struct Event: Sendable {
        let dateText: String
        let dateName: String
        let dateX: String
        let dateTextY: Int
        let dateY: Int
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
    let dates: [Event]

    /// - Parameters:
    ///   - certificates: sorted by their ends; without one, the axis has no bars.
    ///   - known: those within the time of the axis are shown.
    init(_ certificates: [SeenCertificate], _ known: [KnownDate], at now: Date) {
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
        let coming = known.filter { $0.date > start && $0.date < end }
        height = 26 + 36 * (shown.count + coming.count)
        bars = shown.enumerated().map { index, seen in
            let standing = seen.standing(at: now)
            let (from, to) = (x(seen.facts.notBefore), x(seen.facts.notAfter))
            let left = max(from, min(x(now), to))
            let top = 26 + 36 * index
            let isOver = seen.isOver(at: now)
            let ends = PageTime(seen.facts.notAfter, at: now)
            return Bar(
                barTitle: "\(seen.name), \(seen.facts.thumbprint): \(seen.facts.notBefore.formatted(.iso8601)) to \(ends.iso)",
                barLabel: seen.name, barEnd: "\(isOver ? "ended" : "ends") \(ends.iso.prefix(10)), \(ends.relative)",
                isSoon: seen.endsWithinAWeek(of: now),
                barState: standing.rawValue, color: standing.color, begin: text(from),
                whole: text(max(to - from, 0.3)), left: text(isOver ? max(to - 0.6, 0) : left),
                rest: text(isOver ? 0.6 : max(to - left, 0.6)), textY: top + 11, barY: top + 17, barBottom: top + 26,
                marks: [seen.turns.warning, seen.turns.failure].filter { $0 > now && $0 < min(end, seen.facts.notAfter) }
                    .map { Mark(at: text(x($0))) })
        }
        dates = coming.enumerated().map { index, known in
            let top = 26 + 36 * (shown.count + index)
            let time = PageTime(known.date, at: now)
            return Event(
                dateText: "\(time.iso.prefix(10)), \(time.relative)", dateName: known.what, dateX: text(x(known.date)), dateTextY: top + 11,
                dateY: top + 17)
        }
        let soon = certificates.count { $0.endsWithinAWeek(of: now) }
        axisLabel =
            "\(certificates.count) certificates on an axis of time; \(soon) end within a week"
            + (coming.isEmpty ? "" : "; and \(coming.count) known dates")
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
        let isSoon: Bool
        let keyText: String
    }

    struct Known: Sendable {
        let knownOn: PageTime
        let knownWhat: String
    }

    private static let rowLimit = 100

    /// As SVG.
    let axis: String
    let certificateRows: [Row]
    let hasKnown: Bool
    let known: [Known]

    init(_ certificates: [SeenCertificate], _ dates: [KnownDate], axis: String, at now: Date) {
        self.axis = axis
        known = dates.map { Known(knownOn: PageTime($0.date, at: now), knownWhat: $0.what) }
        hasKnown = !known.isEmpty
        certificateRows = certificates.prefix(Self.rowLimit).map { seen in
            Row(
                certificateName: seen.name, fingerprint: seen.facts.thumbprint.description,
                seen: ProbeWords.list(seen.places, "place", "places") ?? "", from: PageTime(seen.facts.notBefore, at: now),
                ends: PageTime(seen.facts.notAfter, at: now), certificateState: seen.standing(at: now).rawValue,
                days: seen.daysLeft(at: now), isSoon: seen.endsWithinAWeek(of: now), keyText: "\(seen.facts.keyType) \(seen.facts.keyBits)")
        }
    }
}
