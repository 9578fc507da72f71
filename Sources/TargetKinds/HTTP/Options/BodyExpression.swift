import Expressions
import Probing

/// A CEL expression over the JSON of a response body, which it knows as `body`.
struct BodyExpression: Sendable {
    let text: String
    private let expression: Expression

    /// - Throws: `SyntaxError`.
    init(_ text: String) throws(SyntaxError) {
        self.text = text
        expression = try Expression(text, variables: ["body"]) { text, pattern in
            (try? Pattern(pattern)).map { $0.matches(Array(text.utf8)) }
        }
    }

    /// - Parameter body: the JSON.
    /// - Throws: also if the value is neither true nor false.
    func isTrue(of body: Value) throws(EvaluationError) -> Bool {
        let value = try expression.value(["body": body])
        guard case .bool(let truth) = value else { throw EvaluationError("its value is of type \(value.typeName), not bool") }
        return truth
    }
}

extension SettingsReader {
    /// An expression; nil if the key is missing or empty, or its value is no expression, which is reported.
    func expression(_ key: String) -> BodyExpression? {
        guard let text = string(key), !text.isEmpty else { return nil }
        do throws(SyntaxError) { return try BodyExpression(text) } catch {
            self.error("'\(key)' is not a CEL expression that is understood: \(error)", at: location(of: key))
            return nil
        }
    }
}
