package import Certificates

/// Reads one mapping strictly: each key by its type, every problem noted with its place, keys nobody asked for refused.
///
/// A key that is absent or null has its default. Reading goes on after a problem, so that all are reported at once.
package final class SettingsReader {
    /// Where the problems of a whole reading gather, shared by readers of nested mappings.
    package final class Notes {
        package var diagnostics: [Diagnostic] = []
        package init() {}

        package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
    }

    package let location: SourceLocation
    package let notes: Notes
    private let entries: [String: Setting.Entry]
    private let order: [Setting.Entry]
    private var known: Set<String> = []

    /// `what` names the mapping in sentences: `a server`.
    package init(_ setting: Setting, what: String, notes: Notes) {
        location = setting.location
        self.notes = notes
        var entries: [String: Setting.Entry] = [:]
        var order: [Setting.Entry] = []
        switch setting.value {
        case .mapping(let written):
            for entry in written {
                if let earlier = entries[entry.key] {
                    notes.diagnostics.append(
                        Diagnostic(
                            .error, at: entry.keyLocation,
                            "'\(entry.key)' is written twice, first in line \(earlier.keyLocation.line ?? 0): remove one"))
                } else {
                    entries[entry.key] = entry
                    order.append(entry)
                }
            }
        case .scalar where setting.isNull: break
        default:
            notes.diagnostics.append(
                Diagnostic(.error, at: setting.location, "\(what) must be a mapping of keys to values, found \(setting.form)"))
        }
        self.entries = entries
        self.order = order
    }

    package func error(_ sentence: String, at location: SourceLocation) {
        notes.diagnostics.append(Diagnostic(.error, at: location, sentence))
    }

    package func warning(_ sentence: String, at location: SourceLocation) {
        notes.diagnostics.append(Diagnostic(.warning, at: location, sentence))
    }

    /// Where a key's value stands, or the mapping if the key is absent.
    package func location(of key: String) -> SourceLocation { entries[key]?.value.location ?? location }

    package func has(_ key: String) -> Bool { entries[key].map { !$0.value.isNull } ?? false }

    /// The value as written; nil when absent or null. Marks the key as known.
    package func setting(_ key: String) -> Setting? {
        known.insert(key)
        guard let value = entries[key]?.value, !value.isNull else { return nil }
        return value
    }

    /// The keys as written, in order, for mappings whose keys are free.
    package var keys: [String] { order.map(\.key) }

    package func string(_ key: String) -> String? { scalar(key, expected: "text") { $0 } }

    /// Text, or what `!!binary` holds, as bytes.
    package func bytes(_ key: String) -> [UInt8]? {
        if case .binary(let bytes) = entries[key]?.value.value {
            known.insert(key)
            return bytes
        }
        return string(key).map { Array($0.utf8) }
    }

    /// A file's path; a relative one is meant from the folder of the file it is written in.
    package func path(_ key: String) -> String? {
        string(key).map(absolute)
    }

    package func paths(_ key: String) -> [String] { (strings(key) ?? []).map(absolute) }

    private func absolute(_ path: String) -> String {
        guard !path.isEmpty, !path.hasPrefix("/"), let slash = location.path.lastIndex(of: "/") else { return path }
        return location.path[...slash] + path
    }

    package func required(_ key: String, what: String) -> String? {
        if let text = string(key) { return text }
        if !(entries[key].map { !$0.value.isNull } ?? false) { error("\(what) needs '\(key)'", at: location) }
        return nil
    }

    package func bool(_ key: String) -> Bool? {
        scalar(key, expected: "true or false") { ["true": true, "false": false][$0.lowercased()] }
    }

    package func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        scalar(key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    package func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        scalar(key, expected: "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// `500ms 30s 5m 12h 60d`; zero only where it makes sense.
    package func duration(_ key: String, allowZero: Bool = false) -> Duration? {
        scalar(key, expected: "a duration such as 500ms, 30s, 5m, 12h or 60d\(allowZero ? "" : " above zero")") { text in
            DurationText.parse(text).flatMap { $0 > .zero || allowZero ? $0 : nil }
        }
    }

    package func thumbprint(_ key: String) -> Thumbprint? {
        scalar(key, expected: "a thumbprint: 40 hexadecimal digits, spaces and colons allowed") { Thumbprint($0) }
    }

    package func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, _ type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        scalar(key, expected: "one of " + type.allCases.map(\.rawValue).joined(separator: ", ")) { text in
            type.allCases.first { $0.rawValue.lowercased() == text.lowercased() }
        }
    }

    /// A list of plain texts; a single text counts as a list of one.
    package func strings(_ key: String) -> [String]? {
        guard let setting = setting(key) else { return nil }
        if case .scalar(let text, _) = setting.value { return [text] }
        return settings(key)?.compactMap { item in
            if case .scalar(let text, _) = item.value, !item.isNull { return text }
            error("'\(key)' must be a list of texts, found \(item.form) in it", at: item.location)
            return nil
        }
    }

    package func settings(_ key: String) -> [Setting]? {
        guard let setting = setting(key) else { return nil }
        if case .list(let items) = setting.value { return items }
        error("'\(key)' must be a list, found \(setting.form)", at: setting.location)
        return nil
    }

    /// A nested mapping; nil when absent or null.
    package func mapping(_ key: String) -> SettingsReader? {
        setting(key).map { SettingsReader($0, what: "'\(key)'", notes: notes) }
    }

    /// All entries of a mapping of free keys, in order; each counts as known.
    package var settings: [(key: String, value: Setting)] {
        order.map { entry in
            known.insert(entry.key)
            return (entry.key, entry.value)
        }
    }

    /// A mapping of free keys to texts, in order.
    package func texts(_ key: String) -> [(key: String, value: String, location: SourceLocation)]? {
        guard let nested = mapping(key) else { return nil }
        return nested.order.compactMap { entry in
            nested.string(entry.key).map { (entry.key, $0, entry.keyLocation) }
        }
    }

    /// Refuses every key that nobody read. Call it last.
    package func finish() {
        for entry in order where !known.contains(entry.key) {
            let near = NearestName.among(known, to: entry.key).map { ", did you mean '\($0)'?" } ?? ""
            let list = known.isEmpty ? "there are no keys here" : "known here: \(known.sorted().joined(separator: ", "))"
            error("unknown key '\(entry.key)'\(near.isEmpty ? "; \(list)" : near)", at: entry.keyLocation)
        }
    }

    private func scalar<Value>(_ key: String, expected: String, _ read: (String) -> Value?) -> Value? {
        guard let setting = setting(key) else { return nil }
        if case .scalar(let text, _) = setting.value, let value = read(text) { return value }
        error("'\(key)' must be \(expected), found \(setting.shape)", at: setting.location)
        return nil
    }
}
