/// A parsed expression; macros have nodes of their own.
indirect enum Syntax: Sendable {
    case literal(Value)
    case name(String)
    case select(Syntax, String)
    /// `has(a.b)`
    case has(Syntax, String)
    case index(Syntax, Syntax)
    case list([Syntax])
    case map([(key: Syntax, value: Syntax)])
    case call(String, [Syntax])
    case method(Syntax, String, [Syntax])
    case not(Syntax)
    case negate(Syntax)
    case binary(Operator, Syntax, Syntax)
    case and(Syntax, Syntax)
    case or(Syntax, Syntax)
    case conditional(Syntax, Syntax, Syntax)
    case comprehension(Comprehension)

    enum Operator: String, Sendable {
        case add = "+", subtract = "-", multiply = "*", divide = "/", remainder = "%", less = "<", lessOrEqual = "<=", greater = ">",
            greaterOrEqual = ">=", equal = "==", notEqual = "!=", within = "in"
    }

    struct Comprehension: Sendable {
        enum Kind: String, Sendable { case all, exists, existsOne = "exists_one", filter, map }

        var kind: Kind
        var range: Syntax
        var variable: String
        /// Of `map` with three arguments.
        var condition: Syntax?
        var body: Syntax
    }
}

/// The text is no expression, or uses what is not supported.
package struct SyntaxError: Error, CustomStringConvertible {
    /// One clause, with the column.
    package var description: String

    init(_ description: String, at column: Int) { self.description = "\(description) (column \(column))" }
}
