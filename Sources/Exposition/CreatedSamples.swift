import FoundationEssentials

/// The samples `_created` of OpenMetrics, which say when a counter or histogram was zero.
enum CreatedSamples {
    private enum Kind { case counter, histogram, other }

    /// Adds one after each counter and histogram.
    /// - Parameter text: whole families in OpenMetrics format, in which no sample has a timestamp, without the `# EOF` line.
    static func added(to text: some Collection<UInt8>, since date: Date) -> [UInt8] {
        let value = Array((" " + MetricText.number(date.timeIntervalSince1970) + "\n").utf8)
        var written: [UInt8] = []
        written.reserveCapacity(text.count)
        var kind = Kind.other
        for line in text.split(separator: UInt8(ascii: "\n")) {
            written += line
            written.append(UInt8(ascii: "\n"))
            if line.first == UInt8(ascii: "#") {
                if line.starts(with: "# TYPE ".utf8) { kind = self.kind(line) }
            } else if let series = created(of: line, kind) {
                written += series
                written += value
            }
        }
        return written
    }

    private static func kind(_ line: some Collection<UInt8>) -> Kind {
        switch line.split(separator: UInt8(ascii: " ")).last.map({ String(decoding: $0, as: UTF8.self) }) {
        case "counter": .counter
        case "histogram": .histogram
        default: .other
        }
    }

    /// The series that belongs to a sample, which is the last one of its counter or histogram; nil for any other sample.
    private static func created(of line: some Collection<UInt8>, _ kind: Kind) -> [UInt8]? {
        let suffix: [UInt8]
        switch kind {
        case .counter: suffix = Array("_total".utf8)
        case .histogram: suffix = Array("_count".utf8)
        case .other: return nil
        }
        let name = line.prefix { $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: " ") }
        guard name.suffix(suffix.count).elementsEqual(suffix) else { return nil }
        // A label may contain spaces and braces, but the value is behind the last space.
        let all = Array(line)
        guard let end = all.lastIndex(of: UInt8(ascii: " ")) else { return nil }
        return all[..<(name.count - suffix.count)] + Array("_created".utf8) + all[name.count..<end]
    }
}
