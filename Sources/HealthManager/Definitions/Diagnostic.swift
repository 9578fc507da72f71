import Addresses

/// A place in a file (or in an option of the command line), as editors understand it.
package struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    /// The file as the user named it, or the option: `--set warnBelow`.
    package var path: String
    /// From 1; nil where the whole file is meant.
    package var line: Int?
    package var column: Int?

    package init(path: String, line: Int? = nil, column: Int? = nil) {
        self.path = path
        self.line = line
        self.column = column
    }

    package var description: String {
        [path, line.map(String.init), column.map(String.init)].compactMap(\.self).joined(separator: ":")
    }
}

/// One problem of the configuration: where, how bad, and what to do, in one sentence.
package struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    package enum Severity: String, Sendable, Hashable {
        case error, warning
    }

    package var severity: Severity
    package var location: SourceLocation
    package var sentence: String

    package init(_ severity: Severity, at location: SourceLocation, _ sentence: String) {
        self.severity = severity
        self.location = location
        self.sentence = URLRedaction.sentence(sentence)
    }

    /// `path:line:column: error: sentence`
    package var description: String { PrintableText.line("\(location): \(severity.rawValue): \(sentence)") }
}

/// Configuration that cannot be used, with every problem found in it.
package struct ConfigurationRefused: Error, CustomStringConvertible {
    package var diagnostics: [Diagnostic]

    package init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    /// One diagnostic a line.
    package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
