/// A remedy split into its numbered steps, with the commands in it told from the words.
struct RemedyText: Sendable {
    struct Piece: Sendable {
        let isCode: Bool
        let text: String
    }

    struct Step: Sendable {
        /// What stands before the command; nil if nothing does.
        let before: String?
        /// A command that is the whole step, to be copied; nil if the step is in words.
        let command: String?
        let pieces: [Piece]
    }

    let intro: [Piece]
    let hasSteps: Bool
    let steps: [Step]

    /// - Parameter text: words, and steps after `(1)`, `(2)` and so on.
    init(_ text: String) {
        var rest = text[...]
        var parts: [Substring] = []
        for number in 1... {
            guard let mark = rest.firstRange(of: number == 1 ? "(1) " : " (\(number)) ") else { break }
            parts.append(rest[..<mark.lowerBound])
            rest = rest[mark.upperBound...]
        }
        parts.append(rest)
        intro = Self.pieces(parts[0].trimmingSuffix { $0 == " " })
        steps = parts.dropFirst().map(Self.step)
        hasSteps = !steps.isEmpty
    }

    private static func step(_ text: Substring) -> Step {
        let (before, rest): (String?, Substring) =
            text.hasPrefix("on every server: ") ? ("On every server:", text.dropFirst("on every server: ".count)) : (nil, text)
        guard rest.hasPrefix("$") || isCmdlet(rest.prefix { $0 != " " && $0 != ";" }) else {
            return Step(before: before, command: nil, pieces: pieces(ProbeWords.sentence(String(rest))))
        }
        let end = endOfCommand(rest)
        let command = rest[..<end].trimmingSuffix { " .,".contains($0) }
        let after = rest[end...].trimmingPrefix { " .".contains($0) }
        return Step(before: before, command: String(command), pieces: pieces(after))
    }

    /// A command ends where words follow: at a parenthesis that begins with a small letter, or at a sentence.
    private static func endOfCommand(_ text: Substring) -> Substring.Index {
        var ends: [Substring.Index] = []
        var search = text
        while let mark = search.firstRange(of: " (") {
            if text[mark.upperBound...].first?.isLowercase ?? false {
                ends.append(mark.lowerBound)
                break
            }
            search = text[mark.upperBound...]
        }
        for words in [", then ", " Exchange begins", ". If "] { if let mark = text.firstRange(of: words) { ends.append(mark.lowerBound) } }
        return ends.min() ?? text.endIndex
    }

    private static func isCmdlet(_ word: Substring) -> Bool {
        let parts = word.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { $0.first?.isUppercase ?? false && $0.allSatisfy { $0.isLetter || $0.isNumber } }
    }

    /// Marks cmdlets, scripts and the agent's own commands in quotes.
    private static func pieces(_ text: some StringProtocol) -> [Piece] {
        var pieces: [Piece] = []
        var words = ""
        func flush() {
            if !words.isEmpty { pieces.append(Piece(isCode: false, text: words)) }
            words = ""
        }
        var rest = Substring(text)
        while let first = rest.first {
            if first == "'", let end = rest.dropFirst().firstIndex(of: "'") {
                flush()
                pieces.append(Piece(isCode: true, text: String(rest[rest.index(after: rest.startIndex)..<end])))
                rest = rest[rest.index(after: end)...]
                continue
            }
            let word = rest.prefix { $0 != " " }
            let bare = word.trimmingSuffix { ".,;:)".contains($0) }.drop { $0 == "(" }
            if isCmdlet(bare) || bare.hasPrefix(".\\"), let place = word.firstRange(of: bare) {
                words += word[..<place.lowerBound]
                flush()
                pieces.append(Piece(isCode: true, text: String(bare)))
                words += word[place.upperBound...]
            } else {
                words += word
            }
            rest = rest[word.endIndex...]
            let spaces = rest.prefix { $0 == " " }
            words += spaces
            rest = rest[spaces.endIndex...]
        }
        flush()
        return pieces
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> Substring {
        var text = self
        while let last = text.last, isTrimmed(last) { text.removeLast() }
        return text
    }

    fileprivate func trimmingPrefix(while isTrimmed: (Character) -> Bool) -> Substring { drop(while: isTrimmed) }
}
