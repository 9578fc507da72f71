import ArgumentParser
import Glibc
import Probing
import Synchronization

/// Writes results to standard output and everything else to standard error; control characters are made printable.
enum Console {
    /// The first error (`errno`) of writing to standard output; zero if all was written.
    private static let problem = Mutex<Int32>(0)

    /// Writes lines to standard output.
    static func out(_ text: String) { write(PrintableText.lines(text), to: 1) }
    /// Writes text for other programs to standard output, unmodified.
    static func file(_ text: String) { write(text, to: 1) }
    /// Writes one line to standard error.
    static func note(_ text: String) { write(PrintableText.line(text), to: 2) }

    /// Prints an error and returns exit status 2.
    static func failure(_ sentence: String) -> ExitCode {
        note("error: " + sentence)
        return ExitCode(2)
    }

    /// Prints an error of several lines, such as a response of the agent, and returns exit status 2.
    static func failure(lines: String) -> ExitCode {
        write(PrintableText.lines("error: " + lines), to: 2)
        return ExitCode(2)
    }

    /// Ends the process with exit status 2 if something could not be written to standard output; silently if its reader has left.
    static func exitIfIncomplete() {
        let problem = problem.withLock(\.self)
        guard problem != 0 else { return }
        if problem != EPIPE { note("error: cannot write to standard output: \(String(cString: strerror(problem)))") }
        exit(2)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array((text + "\n").utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = errno
                if descriptor == 1 { problem.withLock { if $0 == 0 { $0 = error } } }
                return
            }
            written += count
        }
    }
}
