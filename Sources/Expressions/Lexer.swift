/// Splits the text of an expression into tokens.
struct Lexer {
    enum Token: Equatable, Sendable {
        case name(String)
        case int(UInt64)
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        /// A field's name between backquotes.
        case field(String)
        case sign(String)
        case end
    }

    private let text: [Unicode.Scalar]
    private var place = 0

    init(_ text: String) { self.text = Array(text.unicodeScalars) }

    /// The column of the last token, from 1.
    private(set) var start = 1
    private var column: Int { place + 1 }

    private func ahead(_ count: Int = 0) -> Unicode.Scalar? { place + count < text.count ? text[place + count] : nil }

    mutating func next() throws(SyntaxError) -> Token {
        skip()
        start = column
        guard let first = ahead() else { return .end }
        if let literal = try quoted() { return literal }
        if first == "`" { return try field() }
        if Self.isDigit(first) || first == "." && ahead(1).map(Self.isDigit) ?? false { return try number() }
        if Self.isLetter(first) {
            let start = place
            while let scalar = ahead(), Self.isLetter(scalar) || Self.isDigit(scalar) { place += 1 }
            return .name(string(text[start..<place]))
        }
        for length in [2, 1] where place + length <= text.count {
            let sign = string(text[place..<(place + length)])
            if Self.signs.contains(sign) {
                place += length
                return .sign(sign)
            }
        }
        throw SyntaxError("unexpected character '\(first)'", at: column)
    }

    private mutating func field() throws(SyntaxError) -> Token {
        let start = place + 1
        place += 1
        while let scalar = ahead(), Self.isLetter(scalar) || Self.isDigit(scalar) || "._-/ ".unicodeScalars.contains(scalar) { place += 1 }
        guard ahead() == "`", place > start else { throw SyntaxError("invalid name between backquotes", at: start) }
        place += 1
        return .field(string(text[start..<(place - 1)]))
    }

    private static let signs: Set<String> = [
        "&&", "||", "<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", "(", ")", "[", "]", "{", "}", ",", ".",
    ]

    private mutating func skip() {
        while let scalar = ahead() {
            if "\t\n\u{0C}\r ".unicodeScalars.contains(scalar) {
                place += 1
            } else if scalar == "/", ahead(1) == "/" {
                while let scalar = ahead(), scalar != "\n" { place += 1 }
            } else {
                return
            }
        }
    }

    private func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var string = String.UnicodeScalarView()
        string.append(contentsOf: scalars)
        return String(string)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }

    // MARK: Numbers

    private mutating func number() throws(SyntaxError) -> Token {
        let start = place
        func take(_ digits: (Unicode.Scalar) -> Bool, _ lexer: inout Lexer) {
            while let next = lexer.ahead(), digits(next) { lexer.place += 1 }
        }
        if ahead() == "0", ahead(1) == "x" {
            place += 2
            take({ $0.properties.isASCIIHexDigit }, &self)
            return try whole(UInt64(string(text[(start + 2)..<place]), radix: 16), from: start)
        }
        take(Self.isDigit, &self)
        var isWhole = true
        if ahead() == ".", ahead(1).map(Self.isDigit) ?? false {
            isWhole = false
            place += 1
            take(Self.isDigit, &self)
        }
        if let sign = ahead(), sign == "e" || sign == "E" {
            let length = ahead(1) == "+" || ahead(1) == "-" ? 2 : 1
            if ahead(length).map(Self.isDigit) ?? false {
                isWhole = false
                place += length
                take(Self.isDigit, &self)
            }
        }
        let digits = string(text[start..<place])
        if isWhole { return try whole(UInt64(digits), from: start) }
        guard let number = Double(digits) else { throw SyntaxError("invalid number \(digits)", at: start + 1) }
        return .double(number)
    }

    private mutating func whole(_ number: UInt64?, from start: Int) throws(SyntaxError) -> Token {
        guard let number else { throw SyntaxError("number out of range", at: start + 1) }
        if let suffix = ahead(), suffix == "u" || suffix == "U" {
            place += 1
            return .uint(number)
        }
        return .int(number)
    }

    // MARK: Texts

    /// A text or bytes with their prefixes; nil for anything else.
    private mutating func quoted() throws(SyntaxError) -> Token? {
        var length = 0
        var (isRaw, isBytes) = (false, false)
        while let scalar = ahead(length), length < 2 {
            if scalar == "r" || scalar == "R", !isRaw {
                isRaw = true
            } else if scalar == "b" || scalar == "B", !isBytes {
                isBytes = true
            } else {
                break
            }
            length += 1
        }
        guard let quote = ahead(length), quote == "\"" || quote == "'" else { return nil }
        let start = place
        place += length
        let isTriple = ahead(1) == quote && ahead(2) == quote
        place += isTriple ? 3 : 1
        var bytes: [UInt8] = []
        while true {
            guard let scalar = ahead(), isTriple || scalar != "\n" && scalar != "\r" else {
                throw SyntaxError("text without its closing quotation mark", at: start + 1)
            }
            if scalar == quote, !isTriple || ahead(1) == quote && ahead(2) == quote {
                place += isTriple ? 3 : 1
                break
            }
            place += 1
            guard scalar == "\\", !isRaw else {
                bytes += Array(String(scalar).utf8)
                continue
            }
            bytes += try escape(isBytes)
        }
        if isBytes { return .bytes(bytes) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw SyntaxError("invalid text", at: start + 1) }
        return .string(text)
    }

    private static let plain: [Unicode.Scalar: UInt8] = [
        "a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 0x5C, "?": 0x3F, "\"": 0x22, "'": 0x27, "`": 0x60,
    ]

    /// What follows a backslash: in bytes, `\x` and octal numbers are bytes; in texts, code points.
    private mutating func escape(_ isBytes: Bool) throws(SyntaxError) -> [UInt8] {
        let start = place
        guard let scalar = ahead() else { throw SyntaxError("incomplete escape sequence", at: start) }
        place += 1
        if let byte = Self.plain[scalar] { return [byte] }
        let (digits, radix): (Int, Int)
        switch scalar {
        case "x", "X": (digits, radix) = (2, 16)
        case "u" where !isBytes: (digits, radix) = (4, 16)
        case "U" where !isBytes: (digits, radix) = (8, 16)
        case "0"..."3":
            place -= 1
            (digits, radix) = (3, 8)
        default: throw SyntaxError("invalid escape sequence '\\\(scalar)'", at: start)
        }
        guard place + digits <= text.count, let number = UInt32(string(text[place..<(place + digits)]), radix: radix) else {
            throw SyntaxError("invalid escape sequence", at: start)
        }
        place += digits
        if isBytes { return [UInt8(truncatingIfNeeded: number)] }
        guard let scalar = Unicode.Scalar(number) else { throw SyntaxError("invalid code point", at: start) }
        return Array(String(scalar).utf8)
    }
}
