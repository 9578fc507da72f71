/// A position in a YAML text; line and column start at 1.
package struct YAMLMark: Sendable, Hashable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Why a YAML text is not read.
package struct YAMLFault: Error {
    /// One clause.
    package var problem: String
    /// Nil if it concerns the whole text.
    package var mark: YAMLMark?
}

/// Up to which size a YAML text is read.
package struct YAMLBounds: Sendable {
    package var depth = 32
    /// With aliases expanded.
    package var values = 50_000
    package var documents = 1
    /// Of all texts, with aliases expanded.
    package var bytes = 16 << 20

    package init() {}
}

/// A value of a YAML text, with aliases expanded and merge keys (`<<`) applied.
package struct YAMLNode: Sendable {
    package indirect enum Value: Sendable {
        /// `isPlain`: written without quotes, so that `true` and `12` may stand for other types than a string.
        case scalar(String, isPlain: Bool)
        /// The decoded content of a `!!binary` value.
        case binary([UInt8])
        case list([YAMLNode])
        /// In the order written; no key occurs twice.
        case mapping([Entry])
    }

    package struct Entry: Sendable {
        package var key: String
        package var keyMark: YAMLMark
        package var value: YAMLNode

        package init(key: String, keyMark: YAMLMark, value: YAMLNode) {
            self.key = key
            self.keyMark = keyMark
            self.value = value
        }
    }

    package var value: Value
    package var mark: YAMLMark

    package init(_ value: Value, at mark: YAMLMark) {
        self.value = value
        self.mark = mark
    }

    /// Reads the documents of a text.
    package static func documents(in text: String, within bounds: YAMLBounds) throws(YAMLFault) -> [YAMLNode] {
        try YAMLComposer.documents(text, within: bounds)
    }

    /// The value of a key of a mapping; nil for other keys and other nodes.
    package subscript(key: String) -> YAMLNode? {
        if case .mapping(let entries) = value { entries.first { $0.key == key }?.value } else { nil }
    }

    /// Empty for anything but a mapping.
    package var entries: [Entry] { if case .mapping(let entries) = value { entries } else { [] } }

    /// Empty for anything but a list.
    package var items: [YAMLNode] { if case .list(let items) = value { items } else { [] } }

    /// Nil for anything but a scalar.
    package var text: String? { if case .scalar(let text, _) = value { text } else { nil } }
}
