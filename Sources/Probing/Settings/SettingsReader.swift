package import Certificates

/// Reads one mapping strictly: each key with its expected type. Every problem is noted with its location, and unknown keys are errors.
///
/// The accessors return nil if the key is absent or null, and also if its value is invalid, after noting an error. Reading continues after
/// a problem, so that all are reported at once.
package final class SettingsReader {
    /// Collects the problems; shared with the readers of nested mappings.
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

    /// - Parameter what: names the mapping in messages: `a server`.
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
                            "duplicate key '\(entry.key)', first defined on line \(earlier.keyLocation.line ?? 0)"))
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

    /// Notes an error.
    package func error(_ sentence: String, at location: SourceLocation) {
        notes.diagnostics.append(Diagnostic(.error, at: location, sentence))
    }

    /// Notes an error about a valid value that cannot be used on this machine: of a module, it concerns no other module.
    package func unsupported(_ sentence: String, at location: SourceLocation) {
        var diagnostic = Diagnostic(.error, at: location, sentence)
        diagnostic.isUnsupported = true
        notes.diagnostics.append(diagnostic)
    }

    /// Notes a warning.
    package func warning(_ sentence: String, at location: SourceLocation) {
        notes.diagnostics.append(Diagnostic(.warning, at: location, sentence))
    }

    /// The location of a key's value, or of the mapping if the key is absent.
    package func location(of key: String) -> SourceLocation { entries[key]?.value.location ?? location }

    /// Whether the key is present and not null. Does not mark the key as known.
    package func has(_ key: String) -> Bool { entries[key].map { !$0.value.isNull } ?? false }

    /// The value as written; nil if absent or null. Marks the key as known.
    package func setting(_ key: String) -> Setting? {
        known.insert(key)
        guard let value = entries[key]?.value, !value.isNull else { return nil }
        return value
    }

    /// The keys in the order written, for mappings with arbitrary keys.
    package var keys: [String] { order.map(\.key) }

    /// Any scalar, as text.
    package func string(_ key: String) -> String? { scalar(key, expected: "a string") { $0 } }

    /// A string without control characters, such as a name.
    package func line(_ key: String) -> String? {
        scalar(key, expected: "one line without control characters") { text in
            text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } ? text : nil
        }
    }

    /// The UTF-8 bytes of a string, or the content of a `!!binary` value.
    package func bytes(_ key: String) -> [UInt8]? {
        if case .binary(let bytes) = entries[key]?.value.value {
            known.insert(key)
            return bytes
        }
        return string(key).map { Array($0.utf8) }
    }

    /// A file path; a relative path is resolved against the directory of the configuration file.
    package func path(_ key: String) -> String? {
        string(key).map(absolute)
    }

    /// A list of paths or a single one, resolved like `path`; empty if absent.
    package func paths(_ key: String) -> [String] { (strings(key) ?? []).map(absolute) }

    private func absolute(_ path: String) -> String {
        guard !path.isEmpty, !path.hasPrefix("/"), let slash = location.path.lastIndex(of: "/") else { return path }
        return location.path[...slash] + path
    }

    /// A line that must be present; notes an error if it is absent or null. `what` names the mapping in messages.
    package func required(_ key: String, what: String) -> String? {
        if let text = line(key) { return text }
        if !(entries[key].map { !$0.value.isNull } ?? false) { error("\(what) needs '\(key)'", at: location) }
        return nil
    }

    /// `true` or `false`, or another pair of YAML 1.1 (`yes` and `no`, `on` and `off`, `y` and `n`), ignoring case.
    package func bool(_ key: String) -> Bool? {
        scalar(key, expected: "true or false") { text in
            let text = text.lowercased()
            return ["true", "yes", "on", "y"].contains(text) ? true : ["false", "no", "off", "n"].contains(text) ? false : nil
        }
    }

    /// A whole number in the range; nil if the key is missing, or its value is not one, which is reported.
    package func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        scalar(key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A number in the range; nil if the key is missing, or its value is not one, which is reported.
    package func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        scalar(key, expected: "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A duration such as `500ms 30s 5m 12h 60d`; zero is an error unless `allowZero`.
    package func duration(_ key: String, allowZero: Bool = false) -> Duration? {
        scalar(key, expected: "a duration such as 500ms, 30s, 5m, 12h or 60d\(allowZero ? "" : " above zero")") { text in
            DurationText.parse(text).flatMap { $0 > .zero || allowZero ? $0 : nil }
        }
    }

    /// A SHA-1 thumbprint; spaces, colons and lower case are accepted.
    package func thumbprint(_ key: String) -> Thumbprint? {
        scalar(key, expected: "a thumbprint: 40 hexadecimal digits, spaces and colons allowed") { Thumbprint($0) }
    }

    /// One of the raw values of `type`, ignoring case.
    package func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, _ type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        scalar(key, expected: "one of " + type.allCases.map(\.rawValue).joined(separator: ", ")) { text in
            type.allCases.first { $0.rawValue.lowercased() == text.lowercased() }
        }
    }

    /// A list of strings; a single string is read as a list of one.
    package func strings(_ key: String) -> [String]? {
        guard let setting = setting(key) else { return nil }
        if case .scalar(let text, _) = setting.value { return [text] }
        return settings(key)?.compactMap { item in
            if case .scalar(let text, _) = item.value, !item.isNull { return text }
            error("'\(key)' must be a list of strings, found \(item.form) in it", at: item.location)
            return nil
        }
    }

    /// The elements of a list, as written.
    package func settings(_ key: String) -> [Setting]? {
        guard let setting = setting(key) else { return nil }
        if case .list(let items) = setting.value { return items }
        error("'\(key)' must be a list, found \(setting.form)", at: setting.location)
        return nil
    }

    /// The reader of a nested mapping; nil if absent or null. The caller calls its `finish()`.
    package func mapping(_ key: String) -> SettingsReader? {
        setting(key).map { SettingsReader($0, what: "'\(key)'", notes: notes) }
    }

    /// All entries of a mapping with arbitrary keys, in the order written; marks each key as known.
    package var settings: [(key: String, value: Setting)] {
        order.map { entry in
            known.insert(entry.key)
            return (entry.key, entry.value)
        }
    }

    /// A mapping of arbitrary keys to strings, in the order written.
    package func texts(_ key: String) -> [(key: String, value: String, location: SourceLocation)]? {
        guard let nested = mapping(key) else { return nil }
        return nested.order.compactMap { entry in
            nested.string(entry.key).map { (entry.key, $0, entry.keyLocation) }
        }
    }

    /// Notes an error for every key that was not read. Must be called last.
    package func finish() {
        for entry in order where !known.contains(entry.key) {
            let near = NearestName.among(known, to: entry.key).map { ", did you mean '\($0)'?" } ?? ""
            let list = known.isEmpty ? "no keys are allowed here" : "known keys: \(known.sorted().joined(separator: ", "))"
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
