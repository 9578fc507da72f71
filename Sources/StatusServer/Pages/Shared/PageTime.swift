import FoundationEssentials

/// A time as the pages show it: relative to when the page was made, the exact one beside it.
struct PageTime: Sendable {
    /// `2026-11-28T14:42:00Z`
    let iso: String
    /// `2026-11-28 14:42:00 UTC`
    let exact: String
    /// `3 h ago`, `in 23 d`
    let relative: String

    init(_ date: Date, at now: Date) { self.init(date, at: now, isPlanned: false) }

    private init(_ date: Date, at now: Date, isPlanned: Bool) {
        iso = date.formatted(.iso8601)
        exact = iso.replacing("T", with: " ").replacing("Z", with: " UTC")
        let seconds = date.timeIntervalSince(now)
        let length = Self.length(abs(seconds))
        relative = seconds > 0 ? "in \(length)" : seconds > -2 ? isPlanned ? "now" : "just now" : "\(length) ago"
    }

    /// When something is planned that may be due already.
    init(planned date: Date, at now: Date) {
        self.init(max(date, now), at: now, isPlanned: true)
    }

    /// A positive number of seconds in the largest unit that has a value of two or more: `47 h`, `3 d`. Rounded down.
    static func length(_ seconds: Double) -> String {
        switch seconds {
        case ..<60: "\(Int(seconds)) s"
        case ..<7200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3600)) h"
        default: "\(Int(seconds / 86400)) d"
        }
    }
}
