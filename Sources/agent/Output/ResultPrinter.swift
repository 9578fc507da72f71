import API
import ArgumentParser
import Documents
import FoundationEssentials
import Probing

/// Prints the results of `agent invoke` in the requested format.
struct ResultPrinter {
    enum Form: String, ExpressibleByArgument, CaseIterable {
        case list, table, json, nagios
    }

    static let defaultFields = ["ResultType", "Error", "Exception"]

    let form: Form
    let fields: [String]

    /// - Parameter fields: comma-separated names, ignoring case, or `all`; nil means the default fields.
    /// - Throws: `ValidationError` for an unknown field.
    init(form: Form, fields: String?) throws {
        self.form = form
        let asked = fields?.split(separator: ",").map { String($0).filter { $0 != " " } } ?? Self.defaultFields
        self.fields =
            try asked == ["all"]
            ? ResultField.allCases.map(\.rawValue)
            : asked.map { name in
                guard let field = ResultField.allCases.first(where: { $0.rawValue.lowercased() == name.lowercased() }) else {
                    throw ValidationError(
                        "--fields: unknown field '\(name)'; known fields: all, \(ResultField.allCases.map(\.rawValue).joined(separator: ", "))"
                    )
                }
                return field.rawValue
            }
    }

    func print(_ results: [ResultDocument]) throws {
        switch form {
        case .json: Console.out(String(decoding: try JSONText.encode(results, pretty: true), as: UTF8.self))
        case .table: Console.out(Self.table(results))
        case .list: Console.out(results.map { block($0, headed: results.count > 1) }.joined(separator: "\n\n"))
        case .nagios: Console.out(NagiosLine(results).text)
        }
    }

    private func block(_ result: ResultDocument, headed: Bool) -> String {
        let heading = ["Server", "MonitorIdentity"] + (result.address == nil ? [] : ["Address"])
        let names = (headed ? heading.filter { !fields.contains($0) } : []) + fields
        let width = names.map(\.count).max() ?? 0
        return names.map { name in
            let value = PrintableText.line(ResultField(rawValue: name)?.value(of: result) ?? "")
            let label = name + String(repeating: " ", count: width - name.count) + " :"
            return value.isEmpty ? label : label + " " + value
        }.joined(separator: "\n")
    }

    static func table(_ results: [ResultDocument]) -> String {
        TextTable(
            header: ["SERVER", "PROBE", "RESULT", "REASON", "SAMPLE"],
            rows: results.map { result in
                let sample = result.sampleValue.map { "\(($0 * 100).rounded() / 100)" } ?? ""
                return [
                    result.address ?? result.server, result.monitorIdentity,
                    result.warning ? result.resultType + " (warning)" : result.resultType,
                    result.reason ?? "",
                    sample,
                ]
            }
        ).text
    }

    /// Prints warnings and stages that were not checked to standard error, since a result alone does not show them.
    static func printNotes(_ answer: InvokeAnswer) {
        for result in answer.results {
            let place = [result.server, result.address ?? ""].filter { !$0.isEmpty }.map { " [\($0)]" }.joined()
            for warning in result.warnings { Console.note("warning: \(warning.reason): \(warning.sentence)\(place)") }
            for clause in result.notChecked { Console.note("note: not checked: \(clause)\(place)") }
        }
        for note in answer.notes { Console.note(note) }
    }
}

/// The fields of a result, with Exchange's names; those from `Kind` on are the agent's own.
enum ResultField: String, CaseIterable {
    case server = "Server"
    case monitorIdentity = "MonitorIdentity"
    case requestID = "RequestId"
    case executionStartTime = "ExecutionStartTime"
    case executionEndTime = "ExecutionEndTime"
    case error = "Error"
    case exception = "Exception"
    case sampleValue = "SampleValue"
    case executionContext = "ExecutionContext"
    case failureContext = "FailureContext"
    case resultType = "ResultType"
    case retryCount = "RetryCount"
    case resultName = "ResultName"
    case serviceName = "ServiceName"
    case kind = "Kind"
    case duration = "Duration"
    case reason = "Reason"
    case warning = "Warning"
    case failedStage = "FailedStage"
    case cause = "Cause"
    case remedy = "Remedy"
    case target = "Target"
    case address = "Address"

    func value(of result: ResultDocument) -> String {
        switch self {
        case .server: result.server
        case .monitorIdentity: result.monitorIdentity
        case .requestID: result.requestId
        case .executionStartTime: result.executionStartTime.formatted(.iso8601)
        case .executionEndTime: result.executionEndTime.formatted(.iso8601)
        case .error: result.error
        case .exception: result.exception
        case .sampleValue: result.sampleValue.map { "\($0)" } ?? ""
        case .executionContext: result.stages.map { "\($0.name)=\($0.verdict)" }.joined(separator: " ")
        case .failureContext: [result.failedStage, result.reason].compactMap(\.self).joined(separator: ": ")
        case .resultType: result.resultType
        case .retryCount: String(result.retryCount)
        case .resultName: result.probe
        case .serviceName: result.healthSet
        case .kind: result.kind
        case .duration: "\(result.durationSeconds) s"
        case .reason: result.reason ?? ""
        case .warning: String(result.warning)
        case .failedStage: result.failedStage ?? ""
        case .cause: result.cause ?? ""
        case .remedy: result.remedy ?? ""
        case .target: result.target ?? ""
        case .address: result.address ?? ""
        }
    }
}
