import FoundationEssentials

/// The functions of the standard library of CEL that need neither protocol buffers nor dates.
enum Function {
    /// The number of arguments of each.
    static let functions: [String: Set<Int>] = [
        "size": [1], "int": [1], "uint": [1], "double": [1], "string": [1], "bytes": [1], "bool": [1], "type": [1], "dyn": [1],
        "matches": [2],
    ]
    static let methods: [String: Int] = ["size": 0, "contains": 1, "startsWith": 1, "endsWith": 1, "matches": 1]
    /// Names of types, as values.
    static let types: Set<String> = ["null_type", "bool", "int", "uint", "double", "string", "bytes", "list", "map", "type"]

    static let noOverload = EvaluationError("no such overload")

    static func call(_ name: String, _ arguments: [Value], _ meter: inout Meter, _ matcher: Matcher) throws(EvaluationError) -> Value {
        try meter.take(1 + arguments.reduce(0) { $0 + weight(of: $1) })
        switch (name, arguments.first ?? .null, arguments.dropFirst().first) {
        case ("size", .string(let text), nil): return .int(Int64(text.unicodeScalars.count))
        case ("size", .bytes(let bytes), nil): return .int(Int64(bytes.count))
        case ("size", .list(let list), nil): return .int(Int64(list.count))
        case ("size", .map(let map), nil): return .int(Int64(map.count))
        case ("dyn", let value, nil): return value
        case ("type", let value, nil): return .type(value.typeName)
        case ("int", let value, nil): return .int(try int(value))
        case ("uint", let value, nil): return .uint(try uint(value))
        case ("double", let value, nil): return .double(try double(value))
        case ("string", let value, nil): return .string(try string(value))
        case ("bytes", .string(let text), nil): return .bytes(Array(text.utf8))
        case ("bytes", .bytes, nil), ("bool", .bool, nil): return arguments[0]
        case ("bool", .string(let text), nil): return .bool(try bool(text))
        case ("contains", .string(let text), .string(let part)?): return .bool(contains(text, part))
        case ("startsWith", .string(let text), .string(let part)?): return .bool(text.utf8.starts(with: part.utf8))
        case ("endsWith", .string(let text), .string(let part)?): return .bool(text.utf8.reversed().starts(with: part.utf8.reversed()))
        case ("matches", .string(let text), .string(let pattern)?):
            guard let matches = matcher(text, pattern) else { throw EvaluationError("invalid regular expression") }
            return .bool(matches)
        default: throw noOverload
        }
    }

    private static func weight(of value: Value) -> Int {
        switch value {
        case .string(let text): text.utf8.count / 16
        case .bytes(let bytes): bytes.count / 16
        default: 0
        }
    }

    private static func contains(_ text: String, _ part: String) -> Bool {
        part.isEmpty || Array(text.utf8).firstRange(of: Array(part.utf8)) != nil
    }

    // MARK: Conversions

    private static let outOfRange = EvaluationError("number out of range")

    private static func int(_ value: Value) throws(EvaluationError) -> Int64 {
        switch value {
        case .int(let number): return number
        case .uint(let number):
            guard let number = Int64(exactly: number) else { throw outOfRange }
            return number
        case .double(let number):
            guard number > -0x1p63, number < 0x1p63 else { throw outOfRange }
            return Int64(number)
        case .string(let text):
            guard let number = Int64(text) else { throw EvaluationError("'\(text.prefix(40))' is not a whole number") }
            return number
        default: throw noOverload
        }
    }

    private static func uint(_ value: Value) throws(EvaluationError) -> UInt64 {
        switch value {
        case .uint(let number): return number
        case .int(let number):
            guard let number = UInt64(exactly: number) else { throw outOfRange }
            return number
        case .double(let number):
            guard number >= 0, number < 0x1p64 else { throw outOfRange }
            return UInt64(number)
        case .string(let text):
            guard let number = UInt64(text) else { throw EvaluationError("'\(text.prefix(40))' is not a whole number of 0 or more") }
            return number
        default: throw noOverload
        }
    }

    private static func double(_ value: Value) throws(EvaluationError) -> Double {
        switch value {
        case .double(let number): return number
        case .int(let number): return Double(number)
        case .uint(let number): return Double(number)
        case .string(let text):
            guard let number = Double(text) else { throw EvaluationError("'\(text.prefix(40))' is not a number") }
            return number
        default: throw noOverload
        }
    }

    private static func string(_ value: Value) throws(EvaluationError) -> String {
        switch value {
        case .string(let text): return text
        case .int(let number): return String(number)
        case .uint(let number): return String(number)
        case .bool(let truth): return String(truth)
        case .double(let number):
            let text = String(number)
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        case .bytes(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else { throw EvaluationError("invalid UTF-8") }
            return text
        default: throw noOverload
        }
    }

    private static func bool(_ text: String) throws(EvaluationError) -> Bool {
        if ["true", "True", "TRUE", "t", "1"].contains(text) { return true }
        if ["false", "False", "FALSE", "f", "0"].contains(text) { return false }
        throw EvaluationError("'\(text.prefix(40))' is not a truth value")
    }
}
