/// Takes secrets out of text that a peer wrote: a peer may send back what it was sent.
package struct Redaction: Sendable {
    private static let mask = "[masked]"
    private let secrets: [String]

    package init(secrets: [String]) { self.secrets = secrets.filter { !$0.isEmpty } }

    /// The text without the secrets.
    package func masked(_ text: String) -> String { secrets.reduce(text) { $0.replacing($1, with: Self.mask) } }

    /// The first line, at most 300 characters, without the secrets and without anything that looks like a signed token.
    package func firstLine(of text: String) -> String {
        masked(text).prefix { !$0.isNewline }.prefix(300).split(separator: " ", omittingEmptySubsequences: false)
            .map { word in word.contains("eyJ") || word.utf8.count > 80 ? Self.mask : String(word) }
            .joined(separator: " ")
    }
}
