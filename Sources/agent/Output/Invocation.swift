import FoundationEssentials
import Monitoring

/// How to call this program from a shell in any directory, for commands suggested to users.
enum Invocation {
    /// The program as called, quoted for a shell if necessary.
    static let program: String = {
        let written = CommandLine.arguments.first ?? "agent"
        // A name without a slash was found through PATH and will be found again.
        return quoted(written.contains("/") ? absolute(written) : written)
    }()

    static func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path }

    /// Quotes a word for a POSIX shell if necessary.
    static func quoted(_ word: String) -> String {
        let isPlain = !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_@%+=:,./-".contains($0)) }
        return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
