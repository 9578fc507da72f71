import Probing
import Transfers

/// A rule for a response header: an entry of `fail_if_header_matches` or `fail_if_header_not_matches`.
struct HeaderMatch: Sendable {
    var header: String
    var pattern: Pattern
    /// Whether a response without the header passes.
    var allowsMissing: Bool

    static func list(_ reader: SettingsReader, _ key: String) -> [HeaderMatch] {
        (reader.settings(key) ?? []).compactMap { setting in
            let entry = SettingsReader(setting, what: "an entry of '\(key)'", notes: reader.notes)
            let header = entry.required("header", what: "an entry of '\(key)'")
            if entry.setting("regexp") == nil { entry.error("an entry of '\(key)' needs 'regexp'", at: entry.location) }
            let pattern = entry.pattern("regexp")
            let allowsMissing = entry.bool("allow_missing") ?? false
            entry.finish()
            guard let header, let pattern else { return nil }
            return HeaderMatch(header: header, pattern: pattern, allowsMissing: allowsMissing)
        }
    }

    /// - Parameter wanted: true if one of the header's values must match, false if none may.
    /// - Returns: the violation, as one clause; nil if there is none.
    func fault(in response: ExchangeResponse, wanted: Bool) -> String? {
        let values = response.values(of: header)
        guard !values.isEmpty else { return allowsMissing ? nil : "the response has no header '\(header)'" }
        guard values.contains(where: { pattern.matches($0) }) != wanted else { return nil }
        return wanted
            ? "header '\(header)' does not match '\(pattern.text)'" : "header '\(header)' matches '\(pattern.text)', which it must not"
    }
}
