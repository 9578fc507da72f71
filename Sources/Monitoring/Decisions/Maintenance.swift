package import FoundationEssentials

/// Takes a component of a server out of service: probes keep running, and no alerts are sent.
///
/// A component is inactive while any requester has maintenance for it, and only that requester can end it.
package struct Maintenance: Sendable, Hashable, Codable {
    /// When it is in force. Dates are of the wall clock, weekly times are in UTC.
    package enum Window: Sendable, Hashable, Codable {
        case once(from: Date, until: Date?)
        /// Weekday 1 is Sunday; `minute` is counted from midnight, `minutes` is the duration, and it applies from the date `from` on.
        case weekly(weekday: Int, minute: Int, minutes: Int, from: Date)

        /// - Throws: also for a weekly window whose numbers are out of range.
        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            guard container.contains(.weekly) else {
                let once = try container.nestedContainer(keyedBy: OnceCodingKeys.self, forKey: .once)
                self = .once(from: try once.decode(Date.self, forKey: .from), until: try once.decodeIfPresent(Date.self, forKey: .until))
                return
            }
            let weekly = try container.nestedContainer(keyedBy: WeeklyCodingKeys.self, forKey: .weekly)
            let (weekday, minute) = (try weekly.decode(Int.self, forKey: .weekday), try weekly.decode(Int.self, forKey: .minute))
            let minutes = try weekly.decode(Int.self, forKey: .minutes)
            guard (1...7).contains(weekday), (0..<1440).contains(minute), (0...Maintenance.week).contains(minutes) else {
                throw DecodingError.dataCorruptedError(forKey: .weekly, in: container, debugDescription: "there is no such week")
            }
            self = .weekly(weekday: weekday, minute: minute, minutes: minutes, from: try weekly.decode(Date.self, forKey: .from))
        }
    }

    /// The component that stands for all health sets of a server, as in Exchange.
    package static let wholeServer = "ServerWideOffline"

    package var id: UUID
    /// A server's configured name; `*` means all servers, and probes without a server.
    package var server: String
    /// A health set, or `ServerWideOffline`.
    package var component: String
    /// `Maintenance`, `HealthAPI`, or any other name.
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

    /// A later maintenance replaces one with the same key. A requester may have several windows for a component, but one per start time.
    package var key: String {
        let when =
            switch window {
            case .once(let from, _): from <= at ? "now" : "from \(from.timeIntervalSince1970)"
            case .weekly(let weekday, let minute, _, _): "weekly \(weekday) \(minute)"
            }
        return ["maintenance", server, component, requester, when].joined(separator: "\n").lowercased()
    }

    /// In minutes.
    fileprivate static let week = 7 * 1440

    /// When it started, if it is in force at the given date; otherwise nil.
    package func start(at date: Date) -> Date? {
        switch window {
        case .once(let from, let until): return from <= date && until.map { date < $0 } ?? true ? from : nil
        case .weekly(let weekday, let minute, let minutes, let from):
            let begun = Self.latest(weekday, minute, notAfter: date)
            // A window requested while it would already be in force starts at `from`.
            return from <= date && date < begun.addingTimeInterval(Double(minutes) * 60) ? max(from, begun) : nil
        }
    }

    /// The next date after the given one at which it starts or ends; nil if there is none.
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

    /// Whether it has ended permanently.
    package func isOver(at date: Date) -> Bool {
        if case .once(_, let until?) = window { until <= date } else { false }
    }

    /// Whether it applies to the health set on the server, ignoring case.
    package func covers(healthSet: String, server: String) -> Bool {
        (self.server == "*" || self.server.lowercased() == server.lowercased())
            && [Self.wholeServer.lowercased(), healthSet.lowercased()].contains(component.lowercased())
    }

    /// The latest start of a weekly window that is not after the date.
    private static func latest(_ weekday: Int, _ minute: Int, notAfter date: Date) -> Date {
        // 1970-01-01 was a Thursday, weekday 5.
        let minutes = Int((date.timeIntervalSince1970 / 60).rounded(.down))
        let offset = ((weekday - 5 + 7) % 7) * 1440 + minute
        let since = (minutes - offset) % week
        return Date(timeIntervalSince1970: Double(minutes - (since < 0 ? since + week : since)) * 60)
    }
}

extension [Maintenance] {
    /// Since when one of them silences a health set on a server; nil while none does.
    func inactive(_ healthSet: String, server: String, at date: Date) -> Date? {
        filter { $0.covers(healthSet: healthSet, server: server) }.compactMap { $0.start(at: date) }.min()
    }
}
