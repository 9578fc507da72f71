import Documents

/// A challenge of a `WWW-Authenticate` header, such as `Bearer`. Quoted parameter values may contain commas.
struct Challenge: Sendable, Equatable {
    var scheme: String
    /// By name in lower case.
    var parameters: [String: String]

    /// The first Bearer challenge in any of the headers, each of which may contain several challenges; nil if there is none.
    static func bearer(in headers: [String]) -> Challenge? {
        headers.flatMap(parse).first { $0.scheme.lowercased() == "bearer" }
    }

    static func parse(_ header: String) -> [Challenge] {
        var challenges: [Challenge] = []
        for item in items(header) {
            // A challenge starts with a scheme: a word without `=`, or a word followed by a space and the first parameter.
            let (head, value) = split(item)
            if let space = head.lastIndex(of: " ") {
                challenges.append(Challenge(scheme: String(head[..<space]).trimmed, parameters: [:]))
                let name = head[head.index(after: space)...]
                if let value { challenges[challenges.count - 1].parameters[name.lowercased()] = value }
            } else if let value {
                guard !challenges.isEmpty else { continue }
                challenges[challenges.count - 1].parameters[head.lowercased()] = value
            } else if !head.isEmpty {
                challenges.append(Challenge(scheme: head, parameters: [:]))
            }
        }
        return challenges
    }

    /// The header split at commas outside quotes.
    private static func items(_ header: String) -> [String] {
        var items = [""]
        var isQuoted = false
        var isEscaped = false
        for character in header {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == ",", !isQuoted {
                items.append("")
                continue
            }
            items[items.count - 1].append(character)
        }
        return items.map(\.trimmed)
    }

    private static func split(_ item: String) -> (head: String, value: String?) {
        guard let equals = item.firstIndex(of: "=") else { return (item, nil) }
        var value = String(item[item.index(after: equals)...]).trimmed
        if value.hasPrefix("\""), value.hasSuffix("\""), value.count > 1 {
            value = unescaped(String(value.dropFirst().dropLast()))
        }
        return (String(item[..<equals]).trimmed, value)
    }

    private static func unescaped(_ text: String) -> String {
        var plain = ""
        var isEscaped = false
        for character in text {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                plain.append(character)
                isEscaped = false
            }
        }
        return plain
    }
}
