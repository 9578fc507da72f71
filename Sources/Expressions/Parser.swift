/// Parses an expression by recursive descent, in the precedence of CEL.
struct Parser {
    /// Of nested parts; more would take the stack of a thread.
    private static let mostDeep = 120

    private var lexer: Lexer
    private var token = Lexer.Token.end
    private var column = 1
    private var depth = 0
    /// The variables that may be used.
    private var variables: [String]

    /// - Parameter variables: the names that have values when it is evaluated.
    static func parse(_ text: String, variables: [String]) throws(SyntaxError) -> Syntax {
        var parser = Parser(lexer: Lexer(text), variables: variables)
        try parser.advance()
        let syntax = try parser.expression()
        guard parser.token == .end else { throw parser.unexpected() }
        return syntax
    }

    private init(lexer: Lexer, variables: [String]) {
        self.lexer = lexer
        self.variables = variables
    }

    private mutating func advance() throws(SyntaxError) {
        token = try lexer.next()
        column = lexer.start
    }

    private func unexpected() -> SyntaxError {
        let what =
            switch token {
            case .end: "the expression ends too early"
            case .sign(let sign): "unexpected '\(sign)'"
            case .name(let name): "unexpected '\(name)'"
            default: "unexpected value"
            }
        return SyntaxError(what, at: column)
    }

    /// Takes a sign if it comes next.
    private mutating func take(_ sign: String) throws(SyntaxError) -> Bool {
        guard token == .sign(sign) else { return false }
        try advance()
        return true
    }

    private mutating func expect(_ sign: String) throws(SyntaxError) {
        guard try take(sign) else { throw token == .end ? SyntaxError("'\(sign)' is missing", at: column) : unexpected() }
    }

    private mutating func nested<Result>(_ parse: (inout Parser) throws(SyntaxError) -> Result) throws(SyntaxError) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.mostDeep else { throw SyntaxError("the expression is nested too deeply", at: column) }
        return try parse(&self)
    }

    // MARK: Operators

    private mutating func expression() throws(SyntaxError) -> Syntax {
        try nested { (parser) throws(SyntaxError) in
            let condition = try parser.chain(0)
            guard try parser.take("?") else { return condition }
            let yes = try parser.chain(0)
            try parser.expect(":")
            return .conditional(condition, yes, try parser.expression())
        }
    }

    private static let levels: [[String]] = [["||"], ["&&"], ["<", "<=", ">", ">=", "==", "!=", "in"], ["+", "-"], ["*", "/", "%"]]

    /// Operators of one precedence and what they join, from left to right.
    private mutating func chain(_ level: Int) throws(SyntaxError) -> Syntax {
        guard level < Self.levels.count else { return try unary() }
        var left = try chain(level + 1)
        var length = 0
        while let sign = joining(level) {
            length += 1
            guard length <= Self.mostDeep else { throw SyntaxError("too many operators in a row", at: column) }
            try advance()
            let right = try chain(level + 1)
            switch sign {
            case "||": left = .or(left, right)
            case "&&": left = .and(left, right)
            default:
                guard let known = Syntax.Operator(rawValue: sign) else { throw unexpected() }
                left = .binary(known, left, right)
            }
        }
        return left
    }

    private func joining(_ level: Int) -> String? {
        switch token {
        case .sign(let sign) where Self.levels[level].contains(sign): sign
        case .name("in") where Self.levels[level].contains("in"): "in"
        default: nil
        }
    }

    private mutating func unary() throws(SyntaxError) -> Syntax {
        if try take("!") { return .not(try nested { (parser) throws(SyntaxError) in try parser.unary() }) }
        guard try take("-") else { return try member() }
        // The least whole number has no positive counterpart.
        if case .int(let number) = token, number <= UInt64(Int64.max) + 1 {
            try advance()
            return try members(of: .literal(.int(number == UInt64(Int64.max) + 1 ? .min : -Int64(number))))
        }
        if case .double(let number) = token {
            try advance()
            return try members(of: .literal(.double(-number)))
        }
        return .negate(try nested { (parser) throws(SyntaxError) in try parser.unary() })
    }

    // MARK: Members

    private mutating func member() throws(SyntaxError) -> Syntax { try members(of: primary()) }

    private mutating func members(of first: Syntax) throws(SyntaxError) -> Syntax {
        var value = first
        var length = 0
        while true {
            length += 1
            guard length <= Self.mostDeep else { throw SyntaxError("too many selections in a row", at: column) }
            if try take("[") {
                value = .index(value, try expression())
                try expect("]")
            } else if try take(".") {
                value = try selection(of: value)
            } else {
                return value
            }
        }
    }

    private mutating func selection(of value: Syntax) throws(SyntaxError) -> Syntax {
        if case .field(let name) = token {
            try advance()
            return .select(value, name)
        }
        guard case .name(let name) = token, !["true", "false", "null", "in"].contains(name) else { throw unexpected() }
        let start = column
        try advance()
        guard try take("(") else { return .select(value, name) }
        if let kind = Syntax.Comprehension.Kind(rawValue: name) { return try comprehension(kind, over: value, at: start) }
        let arguments = try expressions(until: ")")
        guard Function.methods[name] == arguments.count else {
            throw SyntaxError("unknown method '\(name)' with \(arguments.count) arguments", at: start)
        }
        return .method(value, name, arguments)
    }

    private mutating func comprehension(
        _ kind: Syntax.Comprehension.Kind, over range: Syntax, at start: Int
    ) throws(SyntaxError) -> Syntax {
        guard case .name(let variable) = token, !Self.reserved.contains(variable) else {
            throw SyntaxError("the first argument of '\(kind.rawValue)' must be a name", at: column)
        }
        try advance()
        try expect(",")
        variables.append(variable)
        defer { variables.removeLast() }
        let bodies = try expressions(until: ")")
        switch (bodies.count, kind) {
        case (1, _): return .comprehension(.init(kind: kind, range: range, variable: variable, body: bodies[0]))
        case (2, .map):
            return .comprehension(.init(kind: kind, range: range, variable: variable, condition: bodies[0], body: bodies[1]))
        default: throw SyntaxError("'\(kind.rawValue)' has the wrong number of arguments", at: start)
        }
    }

    /// Separated by commas, to the closing sign.
    private mutating func expressions(until end: String, allowsComma: Bool = false) throws(SyntaxError) -> [Syntax] {
        var list: [Syntax] = []
        if try take(end) { return list }
        while true {
            list.append(try expression())
            guard list.count <= 10_000 else { throw SyntaxError("too many elements", at: column) }
            if try take(end) { return list }
            try expect(",")
            if allowsComma, try take(end) { return list }
        }
    }

    // MARK: Primaries

    private static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return",
        "var",
        "void", "while", "true", "false", "null", "in",
    ]

    private mutating func primary() throws(SyntaxError) -> Syntax {
        let (first, start) = (token, column)
        switch first {
        case .int(let number):
            guard let number = Int64(exactly: number) else { throw SyntaxError("number out of range", at: start) }
            return try literal(.int(number))
        case .uint(let number): return try literal(.uint(number))
        case .double(let number): return try literal(.double(number))
        case .string(let text): return try literal(.string(text))
        case .bytes(let bytes): return try literal(.bytes(bytes))
        case .name(let name): return try named(name, at: start)
        case .sign("("):
            try advance()
            let inner = try expression()
            try expect(")")
            return inner
        case .sign("["):
            try advance()
            return .list(try expressions(until: "]", allowsComma: true))
        case .sign("{"):
            try advance()
            return .map(try entries())
        case .sign("."):
            try advance()
            guard case .name(let name) = token else { throw unexpected() }
            return try named(name, at: start)
        default: throw unexpected()
        }
    }

    private mutating func literal(_ value: Value) throws(SyntaxError) -> Syntax {
        try advance()
        return .literal(value)
    }

    private mutating func entries() throws(SyntaxError) -> [(key: Syntax, value: Syntax)] {
        var entries: [(key: Syntax, value: Syntax)] = []
        if try take("}") { return entries }
        while true {
            let key = try expression()
            try expect(":")
            entries.append((key, try expression()))
            if try take("}") { return entries }
            try expect(",")
            if try take("}") { return entries }
        }
    }

    private mutating func named(_ name: String, at start: Int) throws(SyntaxError) -> Syntax {
        try advance()
        switch name {
        case "true": return .literal(.bool(true))
        case "false": return .literal(.bool(false))
        case "null": return .literal(.null)
        default: break
        }
        guard !Self.reserved.contains(name) else { throw SyntaxError("'\(name)' is reserved", at: start) }
        guard try take("(") else {
            if variables.contains(name) { return .name(name) }
            guard Function.types.contains(name) else {
                throw SyntaxError("unknown name '\(name)'; known names: \(variables.sorted().joined(separator: ", "))", at: start)
            }
            return .literal(.type(name))
        }
        let arguments = try expressions(until: ")")
        if name == "has" {
            guard arguments.count == 1, case .select(let operand, let field) = arguments[0] else {
                throw SyntaxError("'has' takes a selection such as body.status", at: start)
            }
            return .has(operand, field)
        }
        guard Function.functions[name]?.contains(arguments.count) ?? false else {
            throw SyntaxError("unknown function '\(name)' with \(arguments.count) arguments", at: start)
        }
        return .call(name, arguments)
    }
}
