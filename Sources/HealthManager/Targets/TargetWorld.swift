package import Addresses

/// The world that lists of targets come from, handed in from outside: files, URLs and names.
package struct TargetWorld: Sendable {
    /// The files a pattern matches now, in the order of their paths; a path without a wildcard matches itself, there or not.
    package var files: @Sendable (_ pattern: String) -> [String]
    /// What a file of Prometheus's file_sd lists.
    package var file: @Sendable (_ path: String, _ seen: ListStamp?) throws(ListUnreadable) -> ListReading
    /// What an answer of Prometheus's http_sd lists; over within ten seconds.
    package var url:
        @Sendable (_ url: String, _ refresh: Duration, _ network: NetworkSettings, _ seen: ListStamp?) async throws(ListUnreadable) ->
            ListReading
    /// Every address of a name; empty where it does not resolve.
    package var addresses: @Sendable (_ name: String) async -> [NetworkAddress]

    package init(
        files: @escaping @Sendable (String) -> [String],
        file: @escaping @Sendable (String, ListStamp?) throws(ListUnreadable) -> ListReading,
        url: @escaping @Sendable (String, Duration, NetworkSettings, ListStamp?) async throws(ListUnreadable) -> ListReading,
        addresses: @escaping @Sendable (String) async -> [NetworkAddress]
    ) {
        self.files = files
        self.file = file
        self.url = url
        self.addresses = addresses
    }

    /// Without anything: no list can be read and no name resolves.
    package static let empty = TargetWorld(
        files: { _ in [] }, file: { path, _ throws(ListUnreadable) in throw ListUnreadable("\(path): cannot be read here") },
        url: { url, _, _, _ throws(ListUnreadable) in throw ListUnreadable("\(url): cannot be read here") }, addresses: { _ in [] })
}

/// What a look at one list gave.
package enum ListReading: Sendable {
    /// It is the one seen before.
    case unchanged
    /// The targets as listed, what tells this state of the list from another, and in one sentence what in it is no target.
    case targets([String], ListStamp, leftOut: String? = nil)
}

/// Tells states of a list apart: equal means that it need not be read again.
package struct ListStamp: Sendable, Hashable {
    private let marks: [Int]

    package init(marks: [Int]) { self.marks = marks }

    package init(of bytes: [UInt8]) { marks = [bytes.count, bytes.hashValue] }
}

/// A list that cannot be read, in one sentence that names it and the place in it.
package struct ListUnreadable: Error, CustomStringConvertible {
    package var description: String
    /// The state of the list that cannot be read, whenever it is looked at; nil where it is worth another try.
    package var stamp: ListStamp?

    package init(_ sentence: String, at stamp: ListStamp? = nil) {
        description = sentence
        self.stamp = stamp
    }
}

/// What a target may look like, whatever its kind.
package enum TargetText {
    static let longest = 2048

    /// Why a text is no target, as a clause; nil where it may be one.
    package static func fault(_ text: String) -> String? {
        if text.isEmpty { return "is empty" }
        if text.utf8.count > longest { return "has \(text.utf8.count) bytes, at most \(longest) are allowed" }
        if text.utf8.contains(UInt8(ascii: " ")) || holdsControlCharacter(text) { return "holds a space or a control character" }
        return nil
    }

    /// Line ends and the like: no target, module or name has any, and in a protocol's text they would begin something else.
    package static func holdsControlCharacter(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            switch scalar.value {
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: true
            default: false
            }
        }
    }
}
