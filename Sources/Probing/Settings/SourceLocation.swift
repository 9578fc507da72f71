/// A location in a file or command-line option, printed as `path:line:column`, the format editors recognize.
package struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    /// The path as the user wrote it, or the option: `--set warnBelow`.
    package var path: String
    /// Starts at 1; nil if the location is the whole file.
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
