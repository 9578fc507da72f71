import Addresses

/// A configuration value as written, with its location in the file. The reader decides on its type.
package struct Setting: Sendable {
    /// What is written.
    package indirect enum Value: Sendable {
        /// `isPlain`: written without quotes, so that `true`, `5m` and `12` may be read as other types than string.
        case scalar(String, isPlain: Bool)
        /// The decoded content of a YAML `!!binary` value.
        case binary([UInt8])
        case list([Setting])
        case mapping([Entry])
    }

    /// A key of a mapping, as written, and its value.
    package struct Entry: Sendable {
        package var key: String
        package var keyLocation: SourceLocation
        package var value: Setting

        package init(key: String, keyLocation: SourceLocation, value: Setting) {
            self.key = key
            self.keyLocation = keyLocation
            self.value = value
        }
    }

    package var value: Value
    package var location: SourceLocation

    package init(_ value: Value, at location: SourceLocation) {
        self.value = value
        self.location = location
    }

    /// An empty mapping, so that every key has its default.
    package static func empty(at location: SourceLocation) -> Setting { Setting(.mapping([]), at: location) }

    /// Whether the value is an unquoted empty value, `~` or `null`, which stands for the key's default.
    package var isNull: Bool {
        if case .scalar(let text, isPlain: true) = value { return ["", "~", "null", "Null", "NULL"].contains(text) }
        return false
    }

    /// The keys and values of a mapping, in the order written; empty for any other value.
    package var entries: [(key: String, value: Setting)] {
        if case .mapping(let entries) = value { entries.map { ($0.key, $0.value) } } else { [] }
    }

    /// For "expected X, found Y": the value as written (at most 60 characters, credentials in URLs masked). Not for secrets.
    package var shape: String {
        if case .scalar(let text, _) = value, !text.isEmpty, !isNull { return "'\(URLRedaction.endpoint(text).prefix(60))'" }
        return form
    }

    /// For "expected X, found Y" without the value, which may be a secret.
    package var form: String {
        switch value {
        case .scalar(let text, _): text.isEmpty || isNull ? "an empty value" : "a string"
        case .binary: "binary data"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// A copy of this mapping with one key replaced or added, for `--set KEY=VALUE`; any other value is returned unchanged.
    package func setting(_ key: String, to text: String, at location: SourceLocation) -> Setting {
        guard case .mapping(var entries) = value else { return self }
        entries.removeAll { $0.key == key }
        entries.append(Entry(key: key, keyLocation: location, value: Setting(.scalar(text, isPlain: true), at: location)))
        return Setting(.mapping(entries), at: self.location)
    }
}

/// Equality compares content and ignores the source location.
extension Setting: Equatable {
    package static func == (left: Setting, right: Setting) -> Bool {
        switch (left.value, right.value) {
        case (.scalar(let a, let plainA), .scalar(let b, let plainB)): a == b && plainA == plainB
        case (.binary(let a), .binary(let b)): a == b
        case (.list(let a), .list(let b)): a == b
        case (.mapping(let a), .mapping(let b)): a.map(\.key) == b.map(\.key) && a.map(\.value) == b.map(\.value)
        default: false
        }
    }
}
