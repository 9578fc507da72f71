import FoundationEssentials

/// How this program is called from a shell, in any folder: for the commands it tells people to type.
enum Invocation {
    /// Quoted where a shell needs that.
    static let program: String = {
        let written = CommandLine.arguments.first ?? "agent"
        // Without a slash the shell has found it, and finds it again.
        return quoted(written.contains("/") ? absolute(written) : written)
    }()

    static func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path }

    /// A word as a POSIX shell reads it back.
    static func quoted(_ word: String) -> String {
        let isPlain = !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_@%+=:,./-".contains($0)) }
        return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
