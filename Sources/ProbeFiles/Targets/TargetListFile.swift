import Documents
import Glibc
package import Probing

/// Target lists in the format of Prometheus's file_sd and http_sd: groups of `targets` and `labels`, in JSON or YAML. Labels are ignored.
package enum TargetListFile {
    /// The paths that match a glob pattern, sorted; a pattern without wildcards returns its path, even if there is no such file.
    package static func matching(_ pattern: String) -> [String] {
        if let path = literal(pattern) { return [path] }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
    }

    /// The path of a pattern without wildcards; nil if it has any.
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

    /// A pattern for `rest` below a directory, whose own name is escaped.
    static func pattern(below folder: String, _ rest: String) -> String {
        folder.reduce(into: "") { escaped, letter in
            if "*?[]\\".contains(letter) { escaped.append("\\") }
            escaped.append(letter)
        } + rest
    }

    /// Reads a file: JSON if its name ends in `.json`, otherwise YAML.
    /// - Parameter seen: the stamp of the last reading; `.unchanged` is returned while the file has the same one. Nil always reads.
    /// - Throws: `ListUnreadable` with one sentence that names the file and the location in it.
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

    /// Reads the body of an http_sd response.
    /// - Parameter seen: the stamp of the last reading; `.unchanged` is returned for the same body. Nil always reads.
    /// - Throws: `ListUnreadable` with one sentence that names the URL.
    package static func read(json bytes: [UInt8], from url: String, unless seen: ListStamp?) throws(ListUnreadable) -> ListReading {
        let stamp = ListStamp(of: bytes)
        if stamp == seen { return .unchanged }
        return try reading(of: bytes, url, isJSON: true, stamp)
    }

    /// The error for an invalid list carries its stamp, so that the list is not read again until it changes.
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
    /// Location and sentence of the first problem.
    fileprivate var sentence: String { diagnostics.first.map { "\($0.location): \($0.sentence)" } ?? "" }
}
