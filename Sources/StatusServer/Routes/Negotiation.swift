import Exposition
import Probing

/// Content negotiation by `Accept` and `Accept-Encoding`.
enum Negotiation {
    /// OpenMetrics if its quality value is at least that of plain text.
    static func format(accept: String?) -> MetricText.Format {
        guard let accept else { return .text }
        let open = QualityValue.of("application/openmetrics-text", in: accept) ?? 0
        let text = max(QualityValue.of("text/plain", in: accept) ?? 0, QualityValue.of("text/*", in: accept) ?? 0)
        return open > 0 && open >= text ? .openMetrics : .text
    }

    /// Whether a person reads the answer: programs do not ask for HTML by name.
    static func isBrowser(_ accept: String?) -> Bool {
        accept?.lowercased().contains("text/html") == true && (QualityValue.of("text/html", in: accept ?? "") ?? 0) > 0
    }

    static func acceptsGzip(_ header: String?) -> Bool { (QualityValue.of("gzip", in: header ?? "") ?? 0) > 0 }

    /// - Parameter accept: what the client accepts. To one that asks how names are escaped, it is told that none needs more than letters, digits
    ///   and underscores.
    static func contentType(_ format: MetricText.Format, accept: String? = nil) -> String {
        let type =
            switch format {
            case .text: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        return accept?.contains("escaping=") == true ? type + "; escaping=underscores" : type
    }
}
