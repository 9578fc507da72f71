import ArgumentParser
import Documents
import FoundationEssentials
import Glibc
import ProbeFiles
import Probing

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Write probe definitions from the configuration of another exporter.",
        discussion: """
            Takes the modules of blackbox_exporter and ssl_exporter, and the sources of x509-certificate-exporter; prints what it could not \
            carry over. Exit status: 0 if something was written, 2 otherwise.
            """)

    @Argument(help: "The exporter's configuration file.", completion: .file()) var file: String
    @Option(help: "Directory to write to, one file for each definition, or '-' for standard output.", completion: .directory) var output =
        "-"
    @Flag(help: "Overwrite existing files.") var force = false

    func run() async throws {
        let imported: ImportedFile
        do throws(ConfigurationRefused) { imported = try ImportedFile(path: file) } catch { throw Console.failure(error.description) }
        for note in imported.notes { Console.note(note.description) }
        guard !imported.definitions.isEmpty else { throw Console.failure("\(file): there is nothing that can be imported") }
        guard output != "-" else {
            return Console.out(imported.definitions.map { "# \($0.fileName)\n\($0.text)" }.joined(separator: "---\n"))
        }
        var status = stat()
        let mode = stat(file, &status) == 0 ? status.st_mode & 0o666 : nil
        let files = imported.definitions.map { ("\(output)/\($0.fileName)", $0.text) }
        if !force, let existing = files.first(where: { FileManager.default.fileExists(atPath: $0.0) }) {
            throw Console.failure("\(existing.0) already exists: choose another --output, or overwrite it with --force")
        }
        do throws(FileUnreadable) {
            for (path, text) in files {
                try RegularFile.replace(path, with: Array(text.utf8))
                // It may contain what others must not read, and what the agent's user must.
                if let mode { chmod(path, mode) }
            }
        } catch { throw Console.failure(error.description) }
        Console.out(files.map { "wrote \($0.0)" }.joined(separator: "\n"))
    }
}
