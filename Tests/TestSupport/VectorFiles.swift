/// The files of the Python package `cryptography_vectors`, which `make test` installs.
package enum VectorFiles {
    package struct Missing: Error, CustomStringConvertible { package var description: String }

    /// The folder that holds them.
    package static func directory() async throws -> String {
        let found = try await Program.run(
            Program.pythonWithPackages, ["-c", "import cryptography_vectors; print(cryptography_vectors.__path__[0], end='')"])
        guard found.status == 0 else { throw Missing(description: "'make test' installs cryptography_vectors: \(found.errors)") }
        return found.output
    }
}
