import FoundationEssentials
package import Monitoring
import Probing

/// A forecast as iCalendar (RFC 5545): one all-day event for each change, with an alarm a week before it.
package struct CalendarFile: Sendable {
    private static let lineLimit = 75

    package let text: String

    package init(_ forecast: Forecast) {
        var lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//agent//forecast//EN", "CALSCALE:GREGORIAN"]
        for events in Forecast.grouped(forecast.events) where events[0].change != .recovers {
            lines += Self.event(events, stamped: forecast.generated)
        }
        lines.append("END:VCALENDAR")
        text = lines.map(Self.folded).joined(separator: "\r\n")
    }

    private static func event(_ events: [ForecastEvent], stamped: Date) -> [String] {
        let event = events[0]
        let place = events.map(\.place).filter { !$0.isEmpty }.joined(separator: ", ")
        let summary = "\(event.probe) \(event.change.rawValue)" + (place.isEmpty ? "" : " on \(place)")
        let description = [event.sentence, event.remedy.map { "What to do before then: \($0)" }].compactMap(\.self).joined(separator: "\n")
        let day = compact(event.date).prefix(8)
        let next = compact(event.date.addingTimeInterval(86400)).prefix(8)
        let name = [event.probe, event.thumbprint ?? place, event.reason ?? "", String(day)].joined(separator: "/")
        return [
            "BEGIN:VEVENT", "UID:\(escaped(name))@agent", "DTSTAMP:\(compact(stamped))", "DTSTART;VALUE=DATE:\(day)",
            "DTEND;VALUE=DATE:\(next)", "SUMMARY:\(escaped(summary))", "DESCRIPTION:\(escaped(description))",
            "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:\(escaped(summary))", "TRIGGER:-P7D", "END:VALARM", "END:VEVENT",
        ]
    }

    /// `20270131T120000Z`
    private static func compact(_ date: Date) -> String { date.formatted(.iso8601).filter { character in !"-:".contains(character) } }

    private static func escaped(_ text: String) -> String {
        PrintableText.lines(text).replacing("\\", with: "\\\\").replacing(";", with: "\\;").replacing(",", with: "\\,").replacing(
            "\n", with: "\\n")
    }

    /// Folds a line at 75 bytes, never within a character.
    private static func folded(_ line: String) -> String {
        var folded = ""
        var length = 0
        for character in line {
            let size = character.utf8.count
            if length + size > lineLimit {
                folded += "\r\n "
                length = 1
            }
            folded.append(character)
            length += size
        }
        return folded
    }
}
