/// Prometheus text, byte by byte: family headers and samples.
struct MetricText {
    enum Format: Sendable { case text, openMetrics }

    private(set) var bytes: [UInt8] = []

    mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

    mutating func header(_ name: String, type: String, help: String, format: Format) {
        // OpenMetrics names a counter's family without the suffix its samples bear.
        let family = format == .openMetrics && type == "counter" && name.hasSuffix("_total") ? String(name.dropLast(6)) : name
        write("# HELP \(family) \(help)\n# TYPE \(family) \(type)\n")
    }

    mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: Double) {
        Self.write(name, labels, value, to: &bytes)
    }

    mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// One sample line.
    static func write(_ name: String, _ labels: [(String, String)], _ value: Double, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: series(name, labels).utf8)
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: number(value).utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    static func series(_ name: String, _ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return name }
        var series = name
        var separator = "{"
        for (label, value) in labels {
            series += separator
            series += label
            series += "=\""
            series += escaped(value)
            series += "\""
            separator = ","
        }
        series += "}"
        return series
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") }) else {
            return text
        }
        return text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
