import ArgumentParser
import FoundationEssentials
import HealthManager
import Logging

/// How log lines are written, on standard error.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json

    /// For commands whose results and errors are printed, not logged.
    static let silent = LogFormat.text.logger(level: .critical)

    func logger(level: Logger.Level) -> Logger {
        var logger = Logger(label: "agent") { label in
            switch self {
            case .text: StreamLogHandler.standardError(label: label)
            case .json: JSONLogHandler()
            }
        }
        logger.logLevel = level
        return logger
    }
}

/// One JSON object a line.
struct JSONLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
        line["time"] = Date().formatted(.iso8601)
        line["level"] = event.level.rawValue
        line["message"] = event.message.description
        if let bytes = try? JSONText.encode(line) { Console.note(String(decoding: bytes, as: UTF8.self)) }
    }
}
