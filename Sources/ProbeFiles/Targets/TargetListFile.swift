import FoundationEssentials
import Glibc
package import HealthManager

/// Lists of targets as Prometheus's file_sd and http_sd write them: groups of `targets` and `labels`, in JSON or YAML. Labels are ignored.
package enum TargetListFile {
    /// The files a pattern matches, in the order of their paths; a path without a wildcard matches itself, there or not.
    package static func matching(_ pattern: String) -> [String] {
        if let path = literal(pattern) { return [path] }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
    }

    /// The one path a pattern without a wildcard means.
    private static func literal(_ pattern: String) -> String? {
        var path = ""
        var isEscaped = false
        for letter in pattern {
            if !isEscaped, letter == "\\" {
                isEscaped = true
                continue
            }
            if !isEscaped, "*?[".contains(letter) { return nil }
            path.append(letter)
            isEscaped = false
        }
        return path
    }

    /// A pattern that means a folder as it is called, with `rest` below it.
    static func pattern(below folder: String, _ rest: String) -> String {
        folder.reduce(into: "") { escaped, letter in
            if "*?[]\\".contains(letter) { escaped.append("\\") }
            escaped.append(letter)
        } + rest
    }

    /// Reads a file, unless it still looks as it did at `seen`.
    /// - Throws: one sentence, with the place in the file.
    package static func read(_ path: String, unless seen: ListStamp?) throws(ListUnreadable) -> ListReading {
        var status = stat()
        let stamp =
            stat(path, &status) == 0
            ? ListStamp(marks: [
                Int(status.st_dev), Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
            ]) : nil
        if let stamp, stamp == seen { return .unchanged }
        var file = YAMLFile(path: path)
        file.sizeLimit = TargetList.sizeLimit
        file.valueLimit = 10 * TargetList.limit
        let targets: [String]
        do throws(ConfigurationRefused) {
            targets = path.hasSuffix(".json") ? try parse(file.bytes(), path) : try parse(file.read())
        } catch { throw ListUnreadable(error.sentence) }
        return .targets(targets, stamp ?? ListStamp(marks: []))
    }

    /// What an answer of http_sd lists, unless it is the one of `seen`.
    package static func read(json bytes: [UInt8], from url: String, unless seen: ListStamp?) throws(ListUnreadable) -> ListReading {
        let stamp = ListStamp(of: bytes)
        if stamp == seen { return .unchanged }
        do throws(ConfigurationRefused) { return .targets(try parse(bytes, url), stamp) } catch { throw ListUnreadable(error.sentence) }
    }

    // MARK: YAML

    private static func parse(_ setting: Setting) throws(ConfigurationRefused) -> [String] {
        let notes = SettingsReader.Notes()
        guard case .list(let groups) = setting.value else {
            throw ConfigurationRefused([Diagnostic(.error, at: setting.location, expected + ", found \(setting.shape)")])
        }
        var targets: [String] = []
        for group in groups {
            let reader = SettingsReader(group, what: "a group of targets", notes: notes)
            for item in reader.settings("targets") ?? [] {
                if case .scalar(let text, _) = item.value, !item.isNull, TargetText.fault(text) == nil {
                    targets.append(text)
                } else {
                    reader.error(fault(item), at: item.location)
                }
            }
            _ = reader.texts("labels")
            if !reader.has("targets") { reader.error("a group of targets needs 'targets'", at: reader.location) }
            reader.finish()
        }
        guard !notes.hasErrors else { throw ConfigurationRefused(notes.diagnostics) }
        return targets
    }

    private static func fault(_ item: Setting) -> String {
        if case .scalar(let text, _) = item.value, let fault = TargetText.fault(text) { return "a target \(fault)" }
        return "a target must be text, found \(item.shape)"
    }

    private static let expected = "expected a list of groups, each with 'targets' and perhaps 'labels'"

    // MARK: JSON

    private static func parse(_ bytes: [UInt8], _ origin: String) throws(ConfigurationRefused) -> [String] {
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        do {
            return try JSONDecoder().decode([Group].self, from: Data(content)).flatMap(\.targets)
        } catch {
            guard let sentence = (error as? DecodingError).flatMap(sentence) else { throw fault(noJSON: content, origin) }
            throw ConfigurationRefused([Diagnostic(.error, at: SourceLocation(path: origin), sentence)])
        }
    }

    private struct Group: Decodable {
        var targets: [String]

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            for key in values.allKeys where key != .targets && key != .labels {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: values.codingPath, debugDescription: "unknown key '\(key.stringValue)'; known here: labels, targets"))
            }
            targets = try values.decode([String].self, forKey: .targets)
            if values.contains(.labels) { _ = try values.decode([String: String].self, forKey: .labels) }
            for (index, target) in targets.enumerated() {
                guard let fault = TargetText.fault(target) else { continue }
                let path = values.codingPath + [Key.targets, Key(intValue: index)]
                throw DecodingError.dataCorrupted(.init(codingPath: path, debugDescription: "a target \(fault)"))
            }
        }
    }

    private struct Key: CodingKey, Equatable {
        static let targets = Key(stringValue: "targets")
        static let labels = Key(stringValue: "labels")

        let stringValue: String
        let intValue: Int?

        init(stringValue: String) {
            self.stringValue = stringValue
            intValue = nil
        }

        init(intValue: Int) {
            stringValue = String(intValue)
            self.intValue = intValue
        }
    }

    /// Nil for what is no JSON at all.
    private static func sentence(_ error: DecodingError) -> String? {
        switch error {
        case .dataCorrupted(let context): return context.codingPath.isEmpty ? nil : place(context.codingPath) + context.debugDescription
        case .keyNotFound(let key, let context):
            return place(context.codingPath) + "a group of targets needs '\(key.stringValue)'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            guard let last = context.codingPath.last else { return expected }
            let wanted =
                switch last.stringValue {
                case "targets": "'targets' must be a list of texts"
                case "labels": "'labels' must be a mapping of texts"
                default: context.codingPath.count == 1 ? "a group of targets must be a mapping" : "this must be text"
                }
            return place(context.codingPath) + wanted
        @unknown default: return nil
        }
    }

    /// The decoder does not say where its fault lies; the reader of YAML, of which JSON is a part, does.
    private static func fault(noJSON content: [UInt8], _ origin: String) -> ConfigurationRefused {
        var file = YAMLFile(path: origin)
        file.valueLimit = 10 * TargetList.limit
        do throws(ConfigurationRefused) { _ = try file.parse(file.text(content)) } catch {
            return ConfigurationRefused(
                error.diagnostics.map { fault in
                    Diagnostic(.error, at: fault.location, fault.sentence.replacing("readable as YAML", with: "readable as JSON"))
                })
        }
        return ConfigurationRefused([
            Diagnostic(.error, at: SourceLocation(path: origin), "this is YAML, and no JSON: call the file .yaml")
        ])
    }

    /// `[2].targets[0]: `, as the tools that read JSON write it.
    private static func place(_ path: [any CodingKey]) -> String {
        let text = path.reduce("") { $0 + ($1.intValue.map { "[\($0)]" } ?? "." + $1.stringValue) }
        return text.isEmpty ? "" : text + ": "
    }
}

extension ConfigurationRefused {
    /// The first problem: place and sentence.
    fileprivate var sentence: String { diagnostics.first.map { "\($0.location): \($0.sentence)" } ?? "" }
}
