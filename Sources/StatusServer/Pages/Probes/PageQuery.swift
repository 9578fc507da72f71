import Monitoring
import Probing

/// What of the probes a reader has asked for: `?state=failing&q=mbx01&rows=200`. What cannot be understood is as if it were not there.
struct PageQuery: Sendable, Hashable {
    /// As many as a page shows at first: a few screens.
    static let firstRows = 100
    private static let mostRows = 100_000

    var state: Standing?
    /// Words that all have to be there, in lower case.
    var words: [String] = []
    /// As it was written.
    var search = ""
    var rows = firstRows

    init() {}

    /// - Parameter text: of a URL, after the question mark.
    init(_ text: String) {
        let query = FormQuery(text)
        state = query["state"].flatMap { Standing(rawValue: $0) }
        search = (query["q"] ?? "").shortened(to: 200)
        words = search.lowercased().split(separator: " ").map(String.init)
        rows = min(max(query["rows"].flatMap { Int($0) } ?? Self.firstRows, Self.firstRows), Self.mostRows)
    }

    func matches(_ probe: ProbeState, _ standing: Standing) -> Bool {
        if let state, state != standing { return false }
        guard !words.isEmpty else { return true }
        let finding = probe.latest?.decisive
        let text = [probe.key.description, finding?.reason.rawValue ?? "", finding?.sentence ?? ""].joined(separator: " ").lowercased()
        return words.allSatisfy { text.contains($0) }
    }

    /// The address of the same page with more rows.
    var more: String {
        let parts = [("state", state?.rawValue ?? ""), ("q", search), ("rows", "\(rows * 2)")].filter { !$0.1.isEmpty }
        return "?" + parts.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&") + "#probes"
    }
}
