/// Takes secrets out of text that a peer wrote: a peer may send back what it was sent.
struct Redaction {
    let secrets: [String]

    /// The first line, at most 300 characters, without the secrets and without anything that looks like a signed token.
    func firstLine(of text: String) -> String {
        var plain = text
        for secret in secrets where !secret.isEmpty { plain = plain.replacing(secret, with: "[masked]") }
        let line = plain.prefix { !$0.isNewline }.prefix(300)
        return line.split(separator: " ", omittingEmptySubsequences: false)
            .map { word in word.contains("eyJ") || word.utf8.count > 80 ? "[masked]" : String(word) }
            .joined(separator: " ")
    }
}
