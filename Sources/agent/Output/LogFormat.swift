import Addresses
import ArgumentParser
import Documents
import FoundationEssentials
import Logging
import Probing

/// The format of log lines on standard error.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json

    /// For commands that print their results and errors instead of logging them.
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

/// One line per event, in the format of swift-log's stream handler.
///
/// Control characters in messages and metadata are made printable, and credentials in URLs are masked.
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

/// One JSON object per line.
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
