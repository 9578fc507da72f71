/// A value of the Common Expression Language (CEL), of the types that JSON and literals have.
package indirect enum Value: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list([Value])
    case map(Mapping)
    /// The type of another value, as `type(x)` gives it.
    case type(String)

    /// The name of its type in CEL.
    package var typeName: String {
        switch self {
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .list: "list"
        case .map: "map"
        case .type: "type"
        }
    }

    /// CEL's equality: numbers are compared by value whatever their types, and values of different types are not equal.
    static func equal(_ left: Value, _ right: Value, _ meter: inout Meter) throws(EvaluationError) -> Bool {
        try meter.take(1)
        switch (left, right) {
        case (.null, .null): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.string(let a), .string(let b)):
            try meter.take(a.utf8.count / 16)
            return a.utf8.elementsEqual(b.utf8)
        case (.bytes(let a), .bytes(let b)): return a == b
        case (.type(let a), .type(let b)): return a == b
        case (.list(let a), .list(let b)):
            guard a.count == b.count else { return false }
            for (left, right) in zip(a, b) where try !equal(left, right, &meter) { return false }
            return true
        case (.map(let a), .map(let b)):
            guard a.count == b.count else { return false }
            for (key, value) in a.entries {
                guard let other = b[key], try equal(value, other, &meter) else { return false }
            }
            return true
        default: return order(left, right) == .same
        }
    }

    enum Order { case before, same, after }

    /// The order of two numbers, texts, bytes or truth values; nil for other values, different types, and NaN.
    static func order(_ left: Value, _ right: Value) -> Order? {
        func order<T: Comparable>(_ a: T, _ b: T) -> Order? { a < b ? .before : a == b ? .same : a > b ? .after : nil }
        switch (left, right) {
        case (.int(let a), .int(let b)): return order(a, b)
        case (.uint(let a), .uint(let b)): return order(a, b)
        case (.double(let a), .double(let b)): return order(a, b)
        case (.int(let a), .uint(let b)): return a < 0 ? .before : order(UInt64(a), b)
        case (.uint(let a), .int(let b)): return b < 0 ? .after : order(a, UInt64(b))
        case (.int(let a), .double(let b)): return ordered(a, b)
        case (.uint(let a), .double(let b)): return ordered(a, b)
        case (.double(let a), .int(let b)): return ordered(b, a)?.turned
        case (.double(let a), .uint(let b)): return ordered(b, a)?.turned
        case (.string(let a), .string(let b)):
            return a.unicodeScalars.elementsEqual(b.unicodeScalars)
                ? .same : a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars) ? .before : .after
        case (.bytes(let a), .bytes(let b)): return a == b ? .same : a.lexicographicallyPrecedes(b) ? .before : .after
        case (.bool(let a), .bool(let b)): return a == b ? .same : b ? .before : .after
        default: return nil
        }
    }

    /// Without losing the integer's last digits.
    private static func ordered<Integer: FixedWidthInteger>(_ a: Integer, _ b: Double) -> Order? {
        if b.isNaN { return nil }
        if b >= Double(Integer.max) + 1 { return .before }
        if b < Double(Integer.min) { return .after }
        let whole = Integer(b.rounded(.towardZero))
        if a != whole { return a < whole ? .before : .after }
        let rest = b - b.rounded(.towardZero)
        return rest == 0 ? .same : rest > 0 ? .before : .after
    }
}

extension Value.Order {
    fileprivate var turned: Self { self == .before ? .after : self == .after ? .before : .same }
}

/// A map of CEL: its keys are truth values, whole numbers and texts, in the order given.
package struct Mapping: Sendable {
    /// Numbers that are equal are the same key.
    enum Key: Hashable, Sendable {
        case bool(Bool)
        case negative(Int64)
        case number(UInt64)
        case string(ExactKey)
    }

    /// A text compared by its bytes and not by what they look like.
    struct ExactKey: Hashable, Sendable {
        let bytes: [UInt8]

        init(_ text: String) { bytes = Array(text.utf8) }
    }

    private(set) var entries: [(key: Value, value: Value)] = []
    private var places: [Key: Int] = [:]

    package init() {}

    package var count: Int { entries.count }

    /// - Returns: false if the key is there already, or can be none.
    package mutating func add(_ key: Value, _ value: Value) -> Bool {
        guard let place = Self.key(key), places.updateValue(entries.count, forKey: place) == nil else { return false }
        entries.append((key, value))
        return true
    }

    /// Adds an entry, or gives another value to one that is there.
    mutating func set(_ key: Value, _ value: Value) {
        if let place = Self.key(key).flatMap({ places[$0] }) { entries[place].value = value } else { _ = add(key, value) }
    }

    subscript(_ key: Value) -> Value? { Self.key(key).flatMap { places[$0] }.map { entries[$0].value } }

    /// Nil for what can be no key, also for a number that is not whole.
    private static func key(_ value: Value) -> Key? {
        switch value {
        case .bool(let truth): .bool(truth)
        case .string(let text): .string(ExactKey(text))
        case .int(let number): number < 0 ? .negative(number) : .number(UInt64(number))
        case .uint(let number): .number(number)
        case .double(let number):
            if let whole = UInt64(exactly: number) { .number(whole) } else { Int64(exactly: number).map { .negative($0) } }
        default: nil
        }
    }
}

/// An expression could not be evaluated; the description is one clause.
package struct EvaluationError: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// What an evaluation may still use.
struct Meter {
    private var left: Int

    init(_ limit: Int) { left = limit }

    /// - Throws: once nothing is left.
    mutating func take(_ steps: Int) throws(EvaluationError) {
        left -= max(steps, 0)
        if left < 0 { throw EvaluationError("the expression takes too many steps") }
    }
}
