import Documents
import Probing

/// Which files of a pattern are read, and how: `exclude passwordFile`.
struct CertificateFileOptions: Sendable, Hashable {
    /// Patterns of paths that are left out.
    var excluded: [String]
    /// Files with a password each, all of which are tried.
    var passwordFiles: [String]

    /// The options as a kind's guide lists them.
    static let guide: [KindGuide.Option] = [
        .init("exclude", "patterns of paths that are left out; '*' also matches slashes", settableThroughAgent: false),
        .init("passwordFile", "files with one password each, for PKCS#12, JKS and JCEKS; all are tried", settableThroughAgent: false),
    ]

    init(_ reader: SettingsReader) {
        excluded = reader.strings("exclude") ?? []
        passwordFiles = reader.paths("passwordFile")
    }

    static let expected = "an absolute path or pattern, such as /etc/ssl/**/*.pem"

    static func isPath(_ target: String) -> Bool { target.hasPrefix("/") || target.hasPrefix("file:///") }

    /// The pattern that a target names: an absolute path, or a `file:` URL of one; nil if it is neither.
    func pattern(_ target: String) -> FilePattern? {
        let path = target.hasPrefix("file:///") ? String(target.dropFirst("file://".count)) : target
        return path.hasPrefix("/") ? FilePattern(path, excluding: excluded) : nil
    }
}
