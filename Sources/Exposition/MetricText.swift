/// Writer for the Prometheus text format: family headers and samples.
package struct MetricText: Sendable {
    /// Prometheus text format 0.0.4, or OpenMetrics 1.0.
    package enum Format: Sendable { case text, openMetrics }

    /// The text written so far, in UTF-8.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Makes room for so many bytes.
    mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

    /// Appends the `# HELP` and `# TYPE` lines of a family. The help text is not escaped: it must be one line.
    package mutating func header(_ name: String, type: String, help: String, format: Format) {
        // In OpenMetrics the family name of a counter omits the `_total` suffix of its samples.
        let family = format == .openMetrics && type == "counter" && name.hasSuffix("_total") ? String(name.dropLast(6)) : name
        // Piece by piece, because a response of `/probe` has more headers than samples.
        for piece in ["# HELP ", family, " ", help, "\n# TYPE ", family, " ", type, "\n"] { write(piece) }
    }

    /// Appends one sample line. Label values are escaped; names are not checked.
    package mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: Double) {
        Self.write(name.utf8, labels, value, to: &bytes)
    }

    mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Appends one sample line.
    static func write(_ name: some Sequence<UInt8>, _ labels: [(String, String)], _ value: Double, to bytes: inout [UInt8]) {
        writeSeries(name, labels, to: &bytes)
        writeValue(value, to: &bytes)
    }

    /// Appends the part of a sample line after the labels that it has in common with others.
    static func writeRest(_ labels: [(String, String)], _ value: Double, to bytes: inout [UInt8]) {
        if !labels.isEmpty { bytes.append(UInt8(ascii: ",")) }
        writeLabels(labels, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
        writeValue(value, to: &bytes)
    }

    /// Appends a space, the value and the line end.
    static func writeValue(_ value: Double, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: " "))
        if value == value.rounded(), abs(value) < 1e15 {
            writeInteger(Int64(value), to: &bytes)
        } else {
            bytes.append(contentsOf: number(value).utf8)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    static func series(_ name: String, _ labels: [(String, String)]) -> String {
        var bytes: [UInt8] = []
        writeSeries(name.utf8, labels, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func writeSeries(_ name: some Sequence<UInt8>, _ labels: [(String, String)], to bytes: inout [UInt8]) {
        bytes.append(contentsOf: name)
        guard !labels.isEmpty else { return }
        bytes.append(UInt8(ascii: "{"))
        writeLabels(labels, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    /// Appends the labels without the surrounding braces.
    static func writeLabels(_ labels: [(String, String)], to bytes: inout [UInt8]) {
        for (index, (label, value)) in labels.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: label.utf8)
            bytes.append(UInt8(ascii: "="))
            bytes.append(UInt8(ascii: "\""))
            writeEscaped(value, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
    }

    private static func writeEscaped(_ text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case UInt8(ascii: "\n"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(UInt8(ascii: "n"))
            default: bytes.append(byte)
            }
        }
    }

    private static func writeInteger(_ value: Int64, to bytes: inout [UInt8]) {
        if (0..<10).contains(value) { return bytes.append(UInt8(ascii: "0") + UInt8(value)) }
        bytes.append(contentsOf: String(value).utf8)
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }
}
