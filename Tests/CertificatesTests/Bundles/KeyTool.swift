import FoundationEssentials
import TestSupport

/// Java's own tool, where it is installed.
enum KeyTool {
    static let path = "/usr/bin/keytool"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

    /// A key store with the leaf, its chain and its key, and a file at its path. The password is `secret`.
    static func imported(_ files: BundleFiles, _ type: String) async throws -> [UInt8] {
        let target = files.freshPath
        let source = try files.certificates.directory.write(UUID().uuidString, bytes: await files.pkcs12())
        try await BundleFiles.run(
            path,
            [
                "-importkeystore", "-noprompt", "-srckeystore", source, "-srcstoretype", "PKCS12", "-srcstorepass", "secret",
                "-destkeystore", target, "-deststoretype", type, "-deststorepass", "secret", "-destkeypass", "secret",
            ])
        if type == "jceks" {
            try await BundleFiles.run(
                path,
                [
                    "-genseckey", "-keystore", target, "-storetype", type, "-storepass", "secret", "-keypass", "secret", "-alias", "zz",
                    "-keyalg", "AES", "-keysize", "128",
                ])
        }
        return try BundleFiles.bytes(target)
    }
}
