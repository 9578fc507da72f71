import ArgumentParser
import FoundationEssentials
import Glibc
import HealthManager

/// What all decisions of an administrator share.
enum Decision {
    /// Who decides: the user who runs the command, also behind sudo.
    static var user: String {
        if let name = getenv("SUDO_USER").map({ String(cString: $0) }), !name.isEmpty { return name }
        return getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "user \(getuid())"
    }

    static func seconds(_ text: String) throws -> Double {
        guard let duration = DurationText.parse(text), duration > .zero else {
            throw ValidationError("--for takes a duration such as 30m, 2h or 7d, found '\(text)'")
        }
        return duration.seconds
    }

    static func date(_ text: String, of option: String) throws -> Date {
        if let date = JSONText.date(text.contains("T") ? text : text + "T00:00:00Z") { return date }
        throw ValidationError("\(option) takes a date such as 2027-01-31 or 2027-01-31T12:00:00Z, found '\(text)'")
    }
}
