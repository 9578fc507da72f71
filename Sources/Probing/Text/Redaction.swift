/// Masks secrets in text received from a peer, which may echo what it was sent.
package struct Redaction: Sendable {
    private static let mask = "[masked]"
    private let secrets: [String]

    package init(secrets: [String]) { self.secrets = secrets.filter { !$0.isEmpty } }

    /// The text with every occurrence of a secret masked.
    package func masked(_ text: String) -> String { secrets.reduce(text) { $0.replacing($1, with: Self.mask) } }

    /// The first line, at most 300 characters, with secrets masked, and also words that look like a signed token or exceed 80 bytes.
    package func firstLine(of text: String) -> String {
        masked(text).prefix { !$0.isNewline }.prefix(300).split(separator: " ", omittingEmptySubsequences: false)
            .map { word in word.contains("eyJ") || word.utf8.count > 80 ? Self.mask : String(word) }
            .joined(separator: " ")
    }
}
