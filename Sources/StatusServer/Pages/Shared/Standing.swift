import Monitoring
import Probing

/// What the pages say of a probe, a problem or the whole, each with a colour and a shape of its own. The worst first.
enum Standing: String, Sendable, CaseIterable, Comparable {
    case failing, warning, unknown, acknowledged, maintenance, waiting, passing

    /// Of the latest result of a probe.
    init(_ result: ProbeResult?) {
        guard let result else {
            self = .waiting
            return
        }
        switch result.type {
        case .failed, .timeout, .poisoned: self = .failing
        case .rejected, .quarantined: self = .unknown
        case .succeeded: self = result.isWarning ? .warning : .passing
        }
    }

    /// In a list of numbers, filters and problems.
    var label: String {
        switch self {
        case .unknown: "not judged"
        default: rawValue
        }
    }

    /// As the fill of a favicon, on any background.
    var color: String {
        switch self {
        case .failing: "#d3222d"
        case .warning: "#b86e00"
        case .unknown, .waiting: "#66707c"
        case .acknowledged: "#7a3fa8"
        case .maintenance: "#1f63b5"
        case .passing: "#1c8139"
        }
    }

    /// SVG path data within 24 by 24.
    var outline: String {
        switch self {
        case .failing: "M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z"
        case .warning: "M12 1.5 23.5 22H.5z"
        default: "M12 1a11 11 0 1 1 0 22 11 11 0 0 1 0-22z"
        }
    }

    /// SVG path data of lines within the outline.
    var glyph: String {
        switch self {
        case .failing: "m8 8 8 8m0-8-8 8"
        case .warning: "M12 9.5v5m0 3.2v.3"
        case .unknown: "M9 9.5a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.1-1.5 2.4m0 2.8v.3"
        case .acknowledged: "M8.5 18V7h7.5l-2 3 2 3H8.5"
        case .maintenance: "M9 8v8m6-8v8"
        case .waiting: "M7 12h.1m4.9 0h.1m4.9 0h.1"
        case .passing: "m7 12.5 3.5 3.5L17 9"
        }
    }

    static func < (left: Standing, right: Standing) -> Bool { left.rank < right.rank }

    /// 0 is the worst.
    var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// An icon of a standing, as a symbol in pages and as a favicon.
struct StandingIcon: Sendable {
    let symbol: String
    let color: String
    let outline: String
    let glyph: String

    init(_ standing: Standing) {
        symbol = standing.rawValue
        (color, outline, glyph) = (standing.color, standing.outline, standing.glyph)
    }

    static let all = Standing.allCases.map { StandingIcon($0) }
}
