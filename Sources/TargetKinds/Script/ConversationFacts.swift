package import Probing

/// A query/response exchange over TCP or a Unix socket.
package struct ConversationFacts: Sendable, Hashable {
    package var failedByPattern = false
    package var failedByBytes = false
    /// The labels filled from capture groups of an `expect` pattern; nil if the module defines none.
    package var labels: [String: String]?

    package init() {}
}

extension ConversationFacts: RunFacts {
    static let regexFailed = MetricDefinition("probe_failed_due_to_regex", "1 if the probe failed because of a regular expression.")
    static let bytesFailed = MetricDefinition("probe_failed_due_to_bytes", "1 if the bytes received were not the expected ones.")
    static let extracted = MetricDefinition("probe_expect_info", "Labels extracted from the expected line.")

    static let metrics = [regexFailed, bytesFailed, extracted]

    package var measurements: [Measurement] {
        [Self.regexFailed(failedByPattern), Self.bytesFailed(failedByBytes)]
            + (labels.map { labels in [Self.extracted(1, labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })] } ?? [])
    }
}
