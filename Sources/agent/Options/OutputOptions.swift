import ArgumentParser
import Documents

/// The output format of commands that print a document.
struct OutputOptions: ParsableArguments {
    enum Form: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Option(name: .customLong("output"), help: "Output format: table or json.") var form: Form = .table
    /// An earlier name of `--output json`.
    @Flag(help: .hidden) var json = false

    /// The document as JSON, or as the text that `table` returns.
    func text(_ document: some Encodable, table: () -> String) throws -> String {
        form == .json || json ? String(decoding: try JSONText.encode(document, pretty: true), as: UTF8.self) : table()
    }

    /// Prints the document as JSON, or the text that `table` returns.
    func print(_ document: some Encodable, table: () -> String) throws { Console.out(try text(document, table: table)) }
}
