import Addresses

/// One problem of the configuration: its location, its severity, and one sentence on what to do.
package struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    /// A configuration with an error is not used; a warning is reported, and the configuration is used.
    package enum Severity: String, Sendable, Hashable {
        case error, warning
    }

    package var severity: Severity
    package var location: SourceLocation
    package var sentence: String
    /// Whether the value is valid, but this build cannot do what it asks for.
    package var isUnsupported = false

    package init(_ severity: Severity, at location: SourceLocation, _ sentence: String) {
        self.severity = severity
        self.location = location
        self.sentence = URLRedaction.sentence(sentence)
    }

    /// `path:line:column: error: sentence`
    package var description: String { PrintableText.line("\(location): \(severity.rawValue): \(sentence)") }
}

/// The configuration cannot be used; holds every problem found in it.
package struct ConfigurationRefused: Error, CustomStringConvertible {
    package var diagnostics: [Diagnostic]

    package init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    /// One diagnostic per line.
    package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
