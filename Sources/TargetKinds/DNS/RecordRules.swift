import Probing

/// The rules for the records of one section (`validate_answer_rrs` and the like), with blackbox_exporter's semantics.
struct RecordRules: Sendable {
    /// No pattern may match any record.
    private var forbidden: [Pattern] = []
    /// Every pattern must match every record, if any: that is what `fail_if_all_match_regexp` does in blackbox_exporter, despite its name.
    private var common: [Pattern] = []
    /// Every pattern must match every record, and there must be at least one record.
    private var required: [Pattern] = []
    /// At least one pattern must match at least one record.
    private var wanted: [Pattern] = []

    init() {}

    init(_ reader: SettingsReader) {
        forbidden = reader.patterns("fail_if_matches_regexp")
        common = reader.patterns("fail_if_all_match_regexp")
        required = reader.patterns("fail_if_not_matches_regexp")
        wanted = reader.patterns("fail_if_none_matches_regexp")
        reader.finish()
    }

    /// - Returns: the first violation, as one clause; nil if there is none.
    func objection(to records: [String]) -> String? {
        if records.isEmpty, !required.isEmpty || !wanted.isEmpty {
            let rule = required.isEmpty ? "fail_if_none_matches_regexp" : "fail_if_not_matches_regexp"
            return "there are no records, but '\(rule)' requires one that matches '\((required + wanted)[0].text)'"
        }
        for record in records {
            if let pattern = forbidden.first(where: { $0.matches(record) }) {
                return "\(Self.shown(record)) matches '\(pattern.text)' ('fail_if_matches_regexp')"
            }
            if let pattern = common.first(where: { !$0.matches(record) }) {
                return "\(Self.shown(record)) does not match '\(pattern.text)' ('fail_if_all_match_regexp')"
            }
            if let pattern = required.first(where: { !$0.matches(record) }) {
                return "\(Self.shown(record)) does not match '\(pattern.text)' ('fail_if_not_matches_regexp')"
            }
        }
        if !wanted.isEmpty, !records.contains(where: { record in wanted.contains { $0.matches(record) } }) {
            let patterns = wanted.map { "'\($0.text)'" }.joined(separator: ", ")
            return
                "none of \(records.count) record(s) matches \(patterns) ('fail_if_none_matches_regexp'), the first is \(Self.shown(records[0]))"
        }
        return nil
    }

    private static func shown(_ record: String) -> String {
        "'\(record.replacing("\t", with: " ").prefix(200))\(record.count > 200 ? "..." : "")'"
    }
}
