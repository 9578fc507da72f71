import Addresses
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
            case .text: TextLogHandler(label: label)
            case .json: JSONLogHandler()
            }
        }
        logger.logLevel = level
        return logger
    }
}

/// One line for each event, as the log library writes it.
///
/// What is told of peers and commands cannot end the line, and no login of a URL stands in it.
struct TextLogHandler: LogHandler {
    private var stream: StreamLogHandler
    var metadata: Logger.Metadata = [:]

    init(label: String) { stream = StreamLogHandler.standardError(label: label) }

    var logLevel: Logger.Level {
        get { stream.logLevel }
        set { stream.logLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var shown = event
        shown.message = "\(Self.text(event.message.description))"
        var metadata = metadata.merging(event.metadata ?? [:]) { $1 }
        if let error = event.error {
            shown.error = nil
            metadata["error"] = "\(error)"
        }
        shown.metadata = metadata.mapValues { .string(Self.text("\($0)")) }
        stream.log(event: shown)
    }

    private static func text(_ text: String) -> String { PrintableText.line(URLRedaction.sentence(text)) }
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
        var line = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { URLRedaction.sentence("\($0)") }
        line["time"] = Date().formatted(.iso8601)
        line["level"] = event.level.rawValue
        line["message"] = URLRedaction.sentence(event.message.description)
        if let error = event.error { line["error"] = URLRedaction.sentence("\(error)") }
        if let bytes = try? JSONText.encode(line) { Console.note(String(decoding: bytes, as: UTF8.self)) }
    }
}
