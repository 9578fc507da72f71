import ArgumentParser
import Glibc
import HealthManager

/// Results to standard output, everything else to standard error; what others wrote can neither forge a line nor move the cursor.
enum Console {
    static func out(_ text: String) { write(PrintableText.lines(text), to: 1) }
    /// For other programs: as it is.
    static func file(_ text: String) { write(text, to: 1) }
    /// One line.
    static func note(_ text: String) { write(PrintableText.line(text), to: 2) }

    /// Says why something could not be run, and gives the exit status for it.
    static func failure(_ sentence: String) -> ExitCode {
        note("error: " + sentence)
        return ExitCode(2)
    }

    /// The same with what an agent answers, in lines.
    static func failure(lines: String) -> ExitCode {
        write(PrintableText.lines("error: " + lines), to: 2)
        return ExitCode(2)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array((text + "\n").utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written) }
            guard count > 0 else { return }
            written += count
        }
    }
}
