/// Whether a text matches a regular expression (RE2); nil if that is invalid.
package typealias Matcher = @Sendable (_ text: String, _ pattern: String) -> Bool?

/// An expression of the Common Expression Language: its standard library without protocol buffers, dates and durations.
///
/// Evaluation ends: expressions have no loops but over values, and both steps and depth are bounded.
package struct Expression: Sendable {
    private static let mostSteps = 2_000_000
    /// In bytes of UTF-8.
    private static let longest = 64 << 10

    private let syntax: Syntax
    private let matcher: Matcher

    /// - Parameters:
    ///   - variables: the names that are given values.
    ///   - matcher: for `matches`.
    /// - Throws: also for names and functions that are not known.
    package init(_ text: String, variables: [String], matcher: @escaping Matcher) throws(SyntaxError) {
        guard text.utf8.count <= Self.longest else { throw SyntaxError("the expression is longer than \(Self.longest) bytes", at: 1) }
        syntax = try Parser.parse(text, variables: variables)
        self.matcher = matcher
    }

    /// - Parameter values: of the variables; one without a value is an error where it is used.
    package func value(_ values: [String: Value]) throws(EvaluationError) -> Value {
        var evaluator = Evaluator(values: values, meter: Meter(Self.mostSteps), matcher: matcher)
        return try evaluator.value(of: syntax)
    }
}

struct Evaluator {
    var values: [String: Value]
    var meter: Meter
    let matcher: Matcher

    mutating func value(of syntax: Syntax) throws(EvaluationError) -> Value {
        try meter.take(1)
        switch syntax {
        case .literal(let value): return value
        case .name(let name):
            guard let value = values[name] else { throw EvaluationError("'\(name)' has no value") }
            return value
        case .select(let operand, let field): return try select(field, of: value(of: operand))
        case .has(let operand, let field):
            guard case .map(let map) = try value(of: operand) else { throw Function.noOverload }
            return .bool(map[.string(field)] != nil)
        case .index(let operand, let key): return try element(value(of: key), of: value(of: operand))
        case .list(let elements): return .list(try values(of: elements))
        case .map(let entries): return .map(try mapping(entries))
        case .call(let name, let arguments): return try Function.call(name, values(of: arguments), &meter, matcher)
        case .method(let operand, let name, let arguments):
            return try Function.call(name, [value(of: operand)] + values(of: arguments), &meter, matcher)
        case .not(let operand): return .bool(try !truth(operand))
        case .negate(let operand): return try negative(value(of: operand))
        case .binary(let sign, let left, let right): return try join(sign, value(of: left), value(of: right))
        case .and(let left, let right): return .bool(try decide(left, right, by: false))
        case .or(let left, let right): return .bool(try decide(left, right, by: true))
        case .conditional(let condition, let yes, let no): return try value(of: truth(condition) ? yes : no)
        case .comprehension(let comprehension): return try evaluate(comprehension)
        }
    }

    private mutating func values(of list: [Syntax]) throws(EvaluationError) -> [Value] {
        var values: [Value] = []
        for syntax in list { values.append(try value(of: syntax)) }
        return values
    }

    private mutating func truth(_ syntax: Syntax) throws(EvaluationError) -> Bool {
        guard case .bool(let truth) = try value(of: syntax) else { throw Function.noOverload }
        return truth
    }

    /// `&&` and `||`: one side that decides makes an error of the other side irrelevant, whichever comes first.
    private mutating func decide(_ left: Syntax, _ right: Syntax, by deciding: Bool) throws(EvaluationError) -> Bool {
        let first: EvaluationError
        do throws(EvaluationError) {
            if try truth(left) == deciding { return deciding }
            return try truth(right)
        } catch { first = error }
        // The left side failed, or the right one did after the left one left it open.
        if (try? truth(right)) == deciding { return deciding }
        throw first
    }

    private mutating func mapping(_ entries: [(key: Syntax, value: Syntax)]) throws(EvaluationError) -> Mapping {
        var map = Mapping()
        for entry in entries {
            let key = try value(of: entry.key)
            if case .double = key { throw EvaluationError("unsupported key type") }
            guard map.add(key, try value(of: entry.value)) else { throw EvaluationError("repeated key, or unsupported key type") }
        }
        return map
    }

    private func select(_ field: String, of operand: Value) throws(EvaluationError) -> Value {
        guard case .map(let map) = operand else { throw EvaluationError("no such field '\(field)' in a value of type \(operand.typeName)") }
        guard let value = map[.string(field)] else { throw EvaluationError("no such key: \(field)") }
        return value
    }

    private func element(_ key: Value, of operand: Value) throws(EvaluationError) -> Value {
        switch operand {
        case .map(let map):
            guard let value = map[key] else { throw EvaluationError("no such key") }
            return value
        case .list(let list):
            let place: Int? =
                switch key {
                case .int(let number): Int(exactly: number)
                case .uint(let number): Int(exactly: number)
                case .double(let number): Int(exactly: number)
                default: nil
                }
            guard let place, list.indices.contains(place) else { throw EvaluationError("invalid list index") }
            return list[place]
        default: throw Function.noOverload
        }
    }

    private func negative(_ value: Value) throws(EvaluationError) -> Value {
        switch value {
        case .double(let number): return .double(-number)
        case .int(let number) where number != .min: return .int(-number)
        case .int: throw EvaluationError("integer overflow")
        default: throw Function.noOverload
        }
    }

    // MARK: Operators

    private mutating func join(_ sign: Syntax.Operator, _ left: Value, _ right: Value) throws(EvaluationError) -> Value {
        switch sign {
        case .equal: return .bool(try Value.equal(left, right, &meter))
        case .notEqual: return .bool(try !Value.equal(left, right, &meter))
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return .bool(try compare(sign, left, right))
        case .within: return .bool(try contains(right, left))
        case .add: return try add(left, right)
        case .subtract, .multiply, .divide, .remainder: return try calculate(sign, left, right)
        }
    }

    private func compare(_ sign: Syntax.Operator, _ left: Value, _ right: Value) throws(EvaluationError) -> Bool {
        guard let order = Value.order(left, right) else {
            // NaN is not ordered, and that is no error.
            if case (.double, .double) = (left, right) { return false }
            if case .double(let number) = left, number.isNaN { return false }
            if case .double(let number) = right, number.isNaN { return false }
            throw Function.noOverload
        }
        switch sign {
        case .less: return order == .before
        case .lessOrEqual: return order != .after
        case .greater: return order == .after
        default: return order != .before
        }
    }

    private mutating func contains(_ container: Value, _ value: Value) throws(EvaluationError) -> Bool {
        switch container {
        case .map(let map): return map[value] != nil
        case .list(let list):
            for element in list where try Value.equal(element, value, &meter) { return true }
            return false
        default: throw Function.noOverload
        }
    }

    private mutating func add(_ left: Value, _ right: Value) throws(EvaluationError) -> Value {
        switch (left, right) {
        case (.string(let a), .string(let b)):
            try meter.take((a.utf8.count + b.utf8.count) / 16)
            return .string(a + b)
        case (.bytes(let a), .bytes(let b)):
            try meter.take((a.count + b.count) / 16)
            return .bytes(a + b)
        case (.list(let a), .list(let b)):
            try meter.take(a.count + b.count)
            return .list(a + b)
        default: return try calculate(.add, left, right)
        }
    }

    private func calculate(_ sign: Syntax.Operator, _ left: Value, _ right: Value) throws(EvaluationError) -> Value {
        switch (left, right) {
        case (.int(let a), .int(let b)): return .int(try whole(sign, a, b))
        case (.uint(let a), .uint(let b)): return .uint(try whole(sign, a, b))
        case (.double(let a), .double(let b)):
            switch sign {
            case .add: return .double(a + b)
            case .subtract: return .double(a - b)
            case .multiply: return .double(a * b)
            case .divide: return .double(a / b)
            default: throw Function.noOverload
            }
        default: throw Function.noOverload
        }
    }

    private func whole<Integer: FixedWidthInteger>(_ sign: Syntax.Operator, _ a: Integer, _ b: Integer) throws(EvaluationError) -> Integer {
        let (result, isOver): (Integer, Bool)
        switch sign {
        case .add: (result, isOver) = a.addingReportingOverflow(b)
        case .subtract: (result, isOver) = a.subtractingReportingOverflow(b)
        case .multiply: (result, isOver) = a.multipliedReportingOverflow(by: b)
        case .divide:
            if b == 0 { throw EvaluationError("divide by zero") }
            (result, isOver) = a.dividedReportingOverflow(by: b)
        default:
            if b == 0 { throw EvaluationError("modulus by zero") }
            (result, isOver) = a.remainderReportingOverflow(dividingBy: b)
        }
        if isOver { throw EvaluationError("integer overflow") }
        return result
    }

    // MARK: Macros

    private mutating func evaluate(_ comprehension: Syntax.Comprehension) throws(EvaluationError) -> Value {
        let elements: [Value]
        switch try value(of: comprehension.range) {
        case .list(let list): elements = list
        case .map(let map): elements = map.entries.map(\.key)
        default: throw Function.noOverload
        }
        let outer = values[comprehension.variable]
        defer { values[comprehension.variable] = outer }
        switch comprehension.kind {
        case .all: return .bool(try search(elements, comprehension, for: false))
        case .exists: return .bool(try search(elements, comprehension, for: true))
        case .existsOne:
            var count = 0
            for element in elements {
                values[comprehension.variable] = element
                if try truth(comprehension.body) { count += 1 }
            }
            return .bool(count == 1)
        case .filter, .map:
            var results: [Value] = []
            for element in elements {
                values[comprehension.variable] = element
                if comprehension.kind == .filter {
                    if try truth(comprehension.body) { results.append(element) }
                } else if try comprehension.condition.map({ (condition) throws(EvaluationError) in try truth(condition) }) ?? true {
                    results.append(try value(of: comprehension.body))
                }
            }
            return .list(results)
        }
    }

    /// An element that decides makes the errors of others irrelevant.
    private mutating func search(
        _ elements: [Value], _ comprehension: Syntax.Comprehension, for deciding: Bool
    ) throws(EvaluationError) -> Bool {
        var failure: EvaluationError?
        for element in elements {
            values[comprehension.variable] = element
            do throws(EvaluationError) {
                if try truth(comprehension.body) == deciding { return deciding }
            } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        return !deciding
    }
}
