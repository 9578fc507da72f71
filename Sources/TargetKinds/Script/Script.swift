import Probing

/// `query_response`: the steps of a query/response dialogue, in the format of blackbox_exporter's modules.
struct Script: Sendable {
    struct Step: Sendable {
        enum Expectation: Sendable {
            /// Lines are read until one matches.
            case line(Pattern)
            /// The next bytes must be exactly these.
            case bytes([UInt8])
        }

        var expectation: Expectation?
        /// May refer to capture groups of the `expect` pattern: `$1`.
        var send: [UInt8]
        /// Whether a line break is appended: true for text, false for binary data.
        var endsLine: Bool
        var startsTLS: Bool
        /// Names and value templates of the labels, which may refer to capture groups of the `expect` pattern.
        var labels: [(name: String, template: [UInt8])]
    }

    var steps: [Step] = []

    init() {}

    init(_ reader: SettingsReader) {
        steps = (reader.settings("query_response") ?? []).map { Self.step(SettingsReader($0, what: "a step", notes: reader.notes)) }
    }

    private static func step(_ reader: SettingsReader) -> Step {
        let pattern = reader.pattern("expect").flatMap { $0.text.isEmpty ? nil : $0 }
        let bytes = reader.bytes("expect_bytes").flatMap { $0.isEmpty ? nil : $0 }
        if pattern != nil, bytes != nil {
            reader.error("'expect' and 'expect_bytes' are mutually exclusive: keep one", at: reader.location(of: "expect_bytes"))
        }
        let labels = labels(reader)
        let isBinary = if case .binary = reader.setting("send")?.value { true } else { false }
        let step = Step(
            expectation: pattern.map { .line($0) } ?? bytes.map { .bytes($0) }, send: reader.bytes("send") ?? [], endsLine: !isBinary,
            startsTLS: reader.bool("starttls") ?? false, labels: labels)
        reader.finish()
        return step
    }

    private static func labels(_ reader: SettingsReader) -> [(name: String, template: [UInt8])] {
        var names: Set<String> = []
        return (reader.settings("labels") ?? []).compactMap { setting in
            let label = SettingsReader(setting, what: "a label", notes: reader.notes)
            let name = label.required("name", what: "a label")
            let value = label.string("value") ?? ""
            label.finish()
            guard let name else { return nil }
            if !isLabelName(name) {
                reader.error(
                    "'\(name)' is not a valid label name: use letters, digits and underscores, without a leading digit or two leading underscores",
                    at: label.location(of: "name"))
            } else if !names.insert(name).inserted {
                reader.error("duplicate label '\(name)'", at: label.location(of: "name"))
            }
            return (name, Array(value.utf8))
        }
    }

    /// Names that start with two underscores are reserved by Prometheus.
    private static func isLabelName(_ name: String) -> Bool {
        let isWord = name.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "_") || (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        return isWord && !name.hasPrefix("__") && !(name.first?.isNumber ?? true)
    }
}
