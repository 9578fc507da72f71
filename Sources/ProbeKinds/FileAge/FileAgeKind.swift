import Probing

/// `file-age`: whether a file that something writes regularly exists and is recent.
struct FileAgeKind: ProbeKind {
    static let name = "file-age"

    let guide = KindGuide(
        checks: [
            "The file exists and is a regular file. It was modified at most 'maximumAge' ago; a date in the future is a warning.",
            "SampleValue: the age of the file in seconds.",
        ],
        stages: [.config],
        reasons: [.snapshotMissing, .snapshotStale, .systemRefused, .clockSkew],
        options: [
            .init("path", "the file (required)", settableThroughAgent: false),
            .init("maximumAge", "the greatest age accepted (default 25h)", settableThroughAgent: true),
        ])

    func readOptions(_ reader: SettingsReader) -> FileAgeOptions {
        let path = reader.path("path") ?? ""
        if path.isEmpty { reader.error("kind 'file-age' needs 'path'", at: reader.location(of: "path")) }
        return FileAgeOptions(path: path, maximumAge: reader.duration("maximumAge") ?? .seconds(25 * 3600))
    }

    func discover(_ options: FileAgeOptions, at place: Place) -> Discovery { .probe(FileAgeProbe(options: options)) }
}

struct FileAgeOptions: Sendable {
    var path: String
    var maximumAge: Duration
}
