import Mustache
import Probing

/// The templates of all pages. Every value that they show is escaped.
struct PageTemplates: Sendable {
    private let library: MustacheLibrary

    /// Makes control characters printable and escapes values for HTML and SVG.
    private struct Escaping: MustacheContentType {
        func escapeText(_ text: String) -> String { PageTemplates.escaped(text) }
    }

    private static let sources: [String: [UInt8]] = [
        "head": PackageResources.head_html, "foot": PackageResources.foot_html, "symbols": PackageResources.symbols_html,
        "time": PackageResources.time_html, "piece": PackageResources.piece_html, "command": PackageResources.command_html,
        "status": PackageResources.status_html, "problem": PackageResources.problem_html, "matrix": PackageResources.matrix_html,
        "row": PackageResources.row_html, "certificates": PackageResources.certificates_html, "icon": PackageResources.icon_svg,
        "axis": PackageResources.axis_svg, "probe": PackageResources.probe_html, "plot": PackageResources.plot_svg,
        "message": PackageResources.message_html, "forecast": PackageResources.forecast_html, "decisions": PackageResources.decisions_html,
        "badge": PackageResources.badge_svg, "order": PackageResources.order_html, "dialog": PackageResources.dialog_html,
        "stages": PackageResources.stages_html, "run": PackageResources.run_html,
        "problems": PackageResources.problems_atom,
    ]

    /// - Throws: if a template cannot be parsed.
    init() throws {
        MustacheContentTypes.register(Escaping(), named: "PAGE")
        library = MustacheLibrary(
            templates: try Self.sources.mapValues { bytes in
                var text = String(decoding: bytes, as: UTF8.self)
                if text.last == "\n" { text.removeLast() }
                return try MustacheTemplate(string: "{{% CONTENT_TYPE:PAGE}}" + text)
            })
    }

    /// - Parameter name: of a template; nothing is rendered for one there is not.
    func render(_ view: some Sendable, _ name: String) -> String {
        Self.fields(of: view).flatMap { library.render($0, withTemplate: name) } ?? ""
    }

    /// A view as dictionaries and arrays, without what is nil: the library would look through a struct for each name anew.
    private static func fields(of value: Any) -> Any? {
        if value is String || value is Bool || value is Int { return value }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional: return mirror.children.first.flatMap { fields(of: $0.value) }
        case .collection: return mirror.children.compactMap { fields(of: $0.value) }
        default:
            return mirror.children.reduce(into: [String: Any]()) { fields, child in
                if let label = child.label { fields[label] = Self.fields(of: child.value) }
            }
        }
    }

    static func escaped(_ text: String) -> String {
        if text.utf8.allSatisfy(isPlain) { return text }
        // By scalar, not by character: `<` followed by a combining mark must still be escaped.
        return PrintableText.line(text).unicodeScalars.reduce(into: "") { html, scalar in
            switch scalar {
            case "&": html += "&amp;"
            case "<": html += "&lt;"
            case ">": html += "&gt;"
            case "\"": html += "&quot;"
            case "'": html += "&#39;"
            // Not allowed in XML.
            case "\u{FFFE}", "\u{FFFF}": html += "\u{FFFD}"
            default: html.unicodeScalars.append(scalar)
            }
        }
    }

    /// Whether a byte means the same in text, HTML and SVG.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"): false
        default: byte >= 0x20 && byte < 0x7F
        }
    }
}
