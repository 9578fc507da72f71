import Concurrency
import Documents
import FoundationEssentials
import Hummingbird

/// Parses query parameters strictly: an unknown or repeated parameter is an error, as is an invalid value.
struct QueryReader {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private let values: [String: String]
    /// Abandoned when the client leaves; nil if that is not known.
    let client: Abandonment?

    init(_ request: Request, known: [String], client: Abandonment?) throws(Problem) {
        self.client = client
        var values: [String: String] = [:]
        for (key, value) in request.uri.queryParameters {
            let name = String(key)
            guard known.contains(name) else {
                let list = known.isEmpty ? "" : "; known parameters: \(known.joined(separator: ", "))"
                throw Problem(description: "unknown parameter '\(name)'\(list)")
            }
            guard values.updateValue(String(value), forKey: name) == nil else {
                throw Problem(description: "duplicate parameter '\(name)'")
            }
        }
        self.values = values
    }

    func text(_ name: String) -> String? { values[name] }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = values[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw Problem(description: "'\(name)' must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func date(_ name: String) throws(Problem) -> Date? {
        guard let text = values[name] else { return nil }
        guard let date = JSONText.date(text) else { throw Problem(description: "'\(name)' must be a time (e.g. 2027-01-31T12:00:00Z)") }
        return date
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, _ type: Choice.Type) throws(Problem) -> Choice?
    where Choice.RawValue == String {
        guard let text = values[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw Problem(description: "'\(name)' must be one of \(type.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }
}
