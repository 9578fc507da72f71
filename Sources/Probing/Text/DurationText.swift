/// The duration format of the configuration: a number and a unit (`ms s m h d`), or several of them, largest unit first (`1m30s`).
package enum DurationText {
    private static let units: [(suffix: String, seconds: Double)] = [("d", 86400), ("h", 3600), ("m", 60), ("s", 1), ("ms", 0.001)]

    /// Parses a duration, rounded to milliseconds; nil if the text is not one, or if it is a thousand years or more.
    package static func parse(_ text: String) -> Duration? {
        var rest = text[...]
        var seconds = 0.0
        var smallest = -1
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let suffix = rest[number.endIndex...].prefix { $0.isLetter }
            guard let unit = units.firstIndex(where: { $0.suffix == suffix }), unit > smallest, let value = Double(number) else {
                return nil
            }
            smallest = unit
            seconds += value * units[unit].seconds
            rest = rest[suffix.endIndex...]
        }
        guard smallest >= 0, seconds < 1000 * 366 * 86400 else { return nil }
        return .milliseconds((seconds * 1000).rounded())
    }

    /// Formats with the largest unit that divides it: `90s`, `60d`, `1500ms`. Fractions of a millisecond are rounded.
    package static func format(_ duration: Duration) -> String {
        let milliseconds = Int64(min(max((duration / .milliseconds(1)).rounded(), -1e18), 1e18))
        guard milliseconds > 0, milliseconds % 1000 == 0 else { return "\(milliseconds)\(milliseconds == 0 ? "s" : "ms")" }
        let seconds = milliseconds / 1000
        for (suffix, size) in [("d", Int64(86400)), ("h", 3600), ("m", 60)] where seconds % size == 0 {
            return "\(seconds / size)\(suffix)"
        }
        return "\(seconds)s"
    }
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double { self / .seconds(1) }
}
