package import FoundationEssentials

/// A component of a server that is taken out of service: it is measured on, and no alert is sent.
///
/// It is inactive while any requester says so, and only that requester can lift its own word.
package struct Maintenance: Sendable, Hashable, Codable {
    /// When it is in force. Dates are the wall clock's, weekly times UTC.
    package enum Window: Sendable, Hashable, Codable {
        case once(from: Date, until: Date?)
        /// Weekday 1 is Sunday; `minute` counts from midnight.
        case weekly(weekday: Int, minute: Int, minutes: Int, from: Date)
    }

    /// What stands for everything on a server, as in Exchange.
    package static let wholeServer = "ServerWideOffline"

    package var id: UUID
    /// A configured name; `*` is every server and what belongs to none.
    package var server: String
    /// A health set, or `ServerWideOffline`.
    package var component: String
    /// `Maintenance`, `HealthAPI`, a name of the site's own.
    package var requester: String
    package var window: Window
    package var by: String
    package var at: Date
    package var comment: String

    package init(
        id: UUID = UUID(), server: String, component: String, requester: String, window: Window, by: String, at: Date, comment: String = ""
    ) {
        self.id = id
        self.server = server
        self.component = component
        self.requester = requester
        self.window = window
        self.by = by
        self.at = at
        self.comment = comment
    }

    /// Of two with the same key the later one is in force. A requester may have several windows for a component, but one at a time.
    package var key: String {
        let when =
            switch window {
            case .once(let from, _): from <= at ? "now" : "from \(from.timeIntervalSince1970)"
            case .weekly(let weekday, let minute, _, _): "weekly \(weekday) \(minute)"
            }
        return ["maintenance", server, component, requester, when].joined(separator: "\n").lowercased()
    }

    private static let week = 7 * 1440

    /// When it began, where it is in force at that date.
    package func start(at date: Date) -> Date? {
        switch window {
        case .once(let from, let until): return from <= date && until.map { date < $0 } ?? true ? from : nil
        case .weekly(let weekday, let minute, let minutes, let from):
            let begun = Self.latest(weekday, minute, notAfter: date)
            // One that is asked for in its own course is in force from then on.
            return from <= date && date < begun.addingTimeInterval(Double(minutes) * 60) ? max(from, begun) : nil
        }
    }

    /// The next date at which that changes; nil when it never will.
    package func nextChange(after date: Date) -> Date? {
        switch window {
        case .once(let from, let until): return [from, until].compactMap(\.self).filter { $0 > date }.min()
        case .weekly(let weekday, let minute, let minutes, let from):
            let begun = Self.latest(weekday, minute, notAfter: max(date, from))
            let end = begun.addingTimeInterval(Double(minutes) * 60)
            if date < from, from < end { return from }
            return end > max(date, from) ? end : begun.addingTimeInterval(Double(Self.week) * 60)
        }
    }

    /// Whether it will never be in force again.
    package func isOver(at date: Date) -> Bool {
        if case .once(_, let until?) = window { until <= date } else { false }
    }

    package func covers(healthSet: String, server: String) -> Bool {
        (self.server == "*" || self.server.lowercased() == server.lowercased())
            && [Self.wholeServer.lowercased(), healthSet.lowercased()].contains(component.lowercased())
    }

    /// The latest begin of a weekly window that is not after the date.
    private static func latest(_ weekday: Int, _ minute: Int, notAfter date: Date) -> Date {
        // The epoch's first day was a Thursday, weekday 5.
        let minutes = Int((date.timeIntervalSince1970 / 60).rounded(.down))
        let offset = ((weekday - 5 + 7) % 7) * 1440 + minute
        let since = (minutes - offset) % week
        return Date(timeIntervalSince1970: Double(minutes - (since < 0 ? since + week : since)) * 60)
    }
}
