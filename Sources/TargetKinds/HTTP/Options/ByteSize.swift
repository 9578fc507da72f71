import Probing

/// Sizes in the format of blackbox_exporter's modules (`10MB 1.5KiB 4B 1GB512MB`), where K is 1024 with or without an `i`.
enum ByteSize {
    private static let units: [String: Double] = {
        var units: [String: Double] = ["B": 1]
        var size = 1.0
        for letter in "KMGTPE" {
            size *= 1024
            units["\(letter)B"] = size
            units["\(letter)iB"] = size
        }
        return units
    }()

    /// - Returns: the size in bytes; nil if the text is not a size, or too large.
    static func parse(_ text: String) -> Int? {
        if text == "0" { return 0 }
        var total = 0.0
        var rest = text[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isNumber || $0 == "." }
            let unit = rest[number.endIndex...].prefix { $0.isLetter }
            guard let amount = Double(number), let size = units[String(unit)] else { return nil }
            total += amount * size
            rest = rest[unit.endIndex...]
        }
        return Int(exactly: total.rounded(.down))
    }
}

extension SettingsReader {
    func byteSize(_ key: String) -> Int? {
        guard let text = string(key) else { return nil }
        if let size = ByteSize.parse(text) { return size }
        error("'\(key)' must be a size such as 512B, 64KB or 10MB, found '\(text)'", at: location(of: key))
        return nil
    }
}
