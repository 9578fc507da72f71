import Documents
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
        let bytes: [UInt8]
        do throws(FileUnreadable) { bytes = try RegularFile.read(path, atMost: TargetList.sizeLimit) } catch {
            throw ListUnreadable(error.description)
        }
        return try reading(of: bytes, path, isJSON: path.hasSuffix(".json"), stamp ?? ListStamp(marks: []))
    }

    /// What an answer of http_sd lists, unless it is the one of `seen`.
    package static func read(json bytes: [UInt8], from url: String, unless seen: ListStamp?) throws(ListUnreadable) -> ListReading {
        let stamp = ListStamp(of: bytes)
        if stamp == seen { return .unchanged }
        return try reading(of: bytes, url, isJSON: true, stamp)
    }

    /// A list that is broken keeps its stamp: while it stays as it is, nothing is gained by reading it again.
    private static func reading(
        of bytes: [UInt8], _ origin: String, isJSON: Bool, _ stamp: ListStamp
    ) throws(ListUnreadable) -> ListReading {
        let groups: TargetGroups
        do throws(ConfigurationRefused) {
            groups = isJSON ? try TargetGroups(json: bytes, origin) : try TargetGroups(yaml: bytes, origin)
        } catch { throw ListUnreadable(error.sentence, at: stamp) }
        return .targets(groups.targets, stamp, leftOut: groups.leftOut)
    }
}

extension ConfigurationRefused {
    /// The first problem: place and sentence.
    fileprivate var sentence: String { diagnostics.first.map { "\($0.location): \($0.sentence)" } ?? "" }
}
