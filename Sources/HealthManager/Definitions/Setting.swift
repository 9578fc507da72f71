import Addresses

/// A piece of configuration as written, with its place in the file. What it means is decided by who reads it.
package struct Setting: Sendable {
    package indirect enum Value: Sendable {
        /// `isPlain`: written without quotes, so that `true`, `5m` and `12` may be more than text.
        case scalar(String, isPlain: Bool)
        /// What YAML's `!!binary` holds, decoded.
        case binary([UInt8])
        case list([Setting])
        case mapping([Entry])
    }

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

    /// An empty mapping: every key has its default.
    package static func empty(at location: SourceLocation) -> Setting { Setting(.mapping([]), at: location) }

    /// What an unquoted nothing, `~` or `null` says: the key's default.
    package var isNull: Bool {
        if case .scalar(let text, isPlain: true) = value { return ["", "~", "null", "Null", "NULL"].contains(text) }
        return false
    }

    /// Keys and values of a mapping, in order; empty for anything else.
    package var entries: [(key: String, value: Setting)] {
        if case .mapping(let entries) = value { entries.map { ($0.key, $0.value) } } else { [] }
    }

    /// In words, for "expected X, found Y": a value as written, where one is expected that is no secret.
    package var shape: String {
        if case .scalar(let text, _) = value, !text.isEmpty, !isNull { return "'\(URLRedaction.endpoint(text).prefix(60))'" }
        return form
    }

    /// In words, without the value: it may be a secret that was written where its key should stand.
    package var form: String {
        switch value {
        case .scalar(let text, _): text.isEmpty || isNull ? "nothing" : "a text"
        case .binary: "binary data"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// This mapping with one key set anew, as `--set KEY=VALUE` asks for.
    package func setting(_ key: String, to text: String, at location: SourceLocation) -> Setting {
        guard case .mapping(var entries) = value else { return self }
        entries.removeAll { $0.key == key }
        entries.append(Entry(key: key, keyLocation: location, value: Setting(.scalar(text, isPlain: true), at: location)))
        return Setting(.mapping(entries), at: self.location)
    }
}

/// Two settings are the same when they say the same, wherever they stand.
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
