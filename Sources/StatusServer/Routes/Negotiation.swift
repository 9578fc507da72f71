import Exposition

/// Content negotiation by `Accept` and `Accept-Encoding`.
enum Negotiation {
    /// OpenMetrics if its quality value is at least that of plain text.
    static func format(accept: String?) -> MetricText.Format {
        guard let accept else { return .text }
        let open = quality(of: "application/openmetrics-text", in: accept)
        let text = max(quality(of: "text/plain", in: accept), quality(of: "text/*", in: accept))
        return open > 0 && open >= text ? .openMetrics : .text
    }

    static func acceptsGzip(_ header: String?) -> Bool { quality(of: "gzip", in: header ?? "") > 0 }

    static func contentType(_ format: MetricText.Format) -> String {
        switch format {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    private static func quality(of name: String, in header: String) -> Double {
        var best = 0.0
        for item in header.lowercased().split(separator: ",") {
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " } }
            guard parts.first == name else { continue }
            let written = parts.first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
            best = max(best, written ?? 1)
        }
        return best
    }
}
