import ArgumentParser
import Documents
import FoundationEssentials
import Glibc
import Probing

/// Parsing and defaults shared by the commands for administrator decisions.
enum Decision {
    /// The name of the user who runs the command; with sudo, of the original user.
    static var user: String {
        if let name = getenv("SUDO_USER").map({ String(cString: $0) }), !name.isEmpty { return name }
        return getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "user \(getuid())"
    }

    /// Parses a duration.
    /// - Parameter option: named in the error.
    /// - Throws: `ValidationError` unless it is a positive duration.
    static func seconds(_ text: String, of option: String) throws -> Double {
        guard let duration = DurationText.parse(text), duration > .zero else {
            throw ValidationError("\(option) must be a duration (e.g. 30m, 2h or 7d), found '\(text)'")
        }
        return duration.seconds
    }

    /// Parses an ISO 8601 time, or a date as midnight UTC.
    /// - Parameter option: named in the error.
    static func date(_ text: String, of option: String) throws -> Date {
        if let date = JSONText.date(text.contains("T") ? text : text + "T00:00:00Z") { return date }
        throw ValidationError("\(option) must be a date (e.g. 2027-01-31 or 2027-01-31T12:00:00Z), found '\(text)'")
    }
}
