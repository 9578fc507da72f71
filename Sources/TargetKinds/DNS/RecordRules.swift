import HealthManager

/// `validate_answer_rrs` and its neighbours: what the records of one section must look like, as blackbox_exporter reads them.
struct RecordRules: Sendable {
    /// Of which none may match any record.
    private var forbidden: [Pattern] = []
    /// Which must all match every record, where there are records. So blackbox_exporter reads `fail_if_all_match_regexp`, against its name.
    private var common: [Pattern] = []
    /// Which must all match every record, of which there must be one.
    private var required: [Pattern] = []
    /// Of which one must match one record.
    private var wanted: [Pattern] = []

    init() {}

    init(_ reader: SettingsReader) {
        forbidden = reader.patterns("fail_if_matches_regexp")
        common = reader.patterns("fail_if_all_match_regexp")
        required = reader.patterns("fail_if_not_matches_regexp")
        wanted = reader.patterns("fail_if_none_matches_regexp")
        reader.finish()
    }

    /// - Returns: the first thing that is not as it must be, in one clause; nil where all is.
    func objection(to records: [String]) -> String? {
        if records.isEmpty, !required.isEmpty || !wanted.isEmpty {
            let rule = required.isEmpty ? "fail_if_none_matches_regexp" : "fail_if_not_matches_regexp"
            return "there is no record, and '\(rule)' wants one that matches '\((required + wanted)[0].text)'"
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
                "none of \(records.count) record(s), the first \(Self.shown(records[0])), matches \(patterns) ('fail_if_none_matches_regexp')"
        }
        return nil
    }

    private static func shown(_ record: String) -> String {
        "'\(record.replacing("\t", with: " ").prefix(200))\(record.count > 200 ? "..." : "")'"
    }
}
