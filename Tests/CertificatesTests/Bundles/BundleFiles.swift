import FoundationEssentials
import TestSupport

@testable import Certificates

/// Certificates, keys and a revocation list by the `openssl` command, and files made of them, in a directory of their own.
final class BundleFiles: Sendable {
    struct Failed: Error { var command: String, errors: String }

    /// Made once for all tests.
    private static let made = Task { try await BundleFiles() }
    static var shared: BundleFiles { get async throws { try await made.value } }

    let certificates: TestCertificates
    let root: TestCertificates.Identity
    /// With an EC key.
    let leaf: TestCertificates.Identity
    /// Self-signed, with an RSA key.
    let rsa: TestCertificates.Identity
    /// Number 15 of the root, with two entries.
    let list: String

    private init() async throws {
        certificates = try TestCertificates()
        root = try await certificates.root("root")
        leaf = try await certificates.issue("leaf", "basicConstraints = CA:false\nsubjectKeyIdentifier = hash", by: root)
        rsa = try await certificates.root("rsa", commonName: "Test RSA", algorithms: .rsa(2048))
        try certificates.directory.write("number", "0F\n")
        let revoked = ["01", "02"].map { "R\t351231235959Z\t240101000000Z\t\($0)\tunknown\t/CN=\($0)\n" }.joined()
        let index = try certificates.directory.write("revoked.txt", revoked)
        let configuration = try certificates.directory.write(
            "list.cnf",
            "[ca]\ndefault_ca = here\n[here]\ndatabase = \(index)\ncrlnumber = \(certificates.path)/number\ndefault_md = sha256\n")
        list = "\(certificates.path)/list.pem"
        try await Self.run(
            "openssl",
            ["ca", "-gencrl", "-config", configuration, "-cert", root.certificate, "-keyfile", root.key, "-crldays", "7", "-out", list])
    }

    /// The file that a command of `openssl` writes.
    func openssl(_ arguments: String...) async throws -> [UInt8] { try await openssl(arguments) }

    func openssl(_ arguments: [String]) async throws -> [UInt8] {
        let path = freshPath
        try await Self.run("openssl", [arguments[0], "-out", path] + arguments.dropFirst())
        return try Self.bytes(path)
    }

    /// A PKCS#12 file with the leaf, its key and the root, except where the options say something else. The password is `secret`.
    func pkcs12(_ options: [String] = ["-certfile"], name: String = "mail") async throws -> [UInt8] {
        let options = options.flatMap { $0 == "-certfile" ? [$0, root.certificate] : [$0] }
        return try await openssl(
            ["pkcs12", "-export", "-in", leaf.certificate, "-inkey", leaf.key, "-name", name]
                + (options.contains("-passout") ? options : options + ["-passout", "pass:secret"]))
    }

    /// A Java key store in the published format.
    /// - Parameter entries: `trusted:ALIAS:CERTIFICATE`, `key:ALIAS:CERTIFICATE,CERTIFICATE`, `secret:ALIAS`, or `many:COUNT:CERTIFICATE`,
    ///   certificates that differ in their serial numbers; each certificate is a file in DER.
    func keyStore(_ entries: [String], format: String = "jks", version: Int = 2, password: String = "secret") async throws -> [UInt8] {
        let path = freshPath
        try await Self.run(Program.python, ["-c", Self.keyStoreScript, path, format, "\(version)", password] + entries)
        return try Self.bytes(path)
    }

    /// A certificate as a file in DER.
    func der(_ identity: TestCertificates.Identity) async throws -> String {
        try certificates.directory.write(
            UUID().uuidString, bytes: await openssl("x509", "-in", identity.certificate, "-outform", "DER"))
    }

    func facts(_ identities: TestCertificates.Identity...) throws -> [CertificateFacts] {
        try identities.map { try CertificateFacts.read(pemOrDER: Self.bytes($0.certificate)) }
    }

    func text(_ path: String) throws -> String { String(decoding: try Self.bytes(path), as: UTF8.self) }

    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    static func run(_ program: String, _ arguments: [String]) async throws {
        let ended = try await Program.run(program, arguments)
        guard ended.status == 0 else {
            throw Failed(command: "\(program) \(arguments.prefix(4))", errors: ended.errors + ended.output)
        }
    }

    var freshPath: String { "\(certificates.path)/\(UUID().uuidString)" }

    private static let keyStoreScript = """
        import hashlib, struct, sys
        path, format, version, password = sys.argv[1:5]
        version = int(version)
        def text(value):
            units = struct.unpack(">%dH" % (len(value.encode("utf-16-be")) // 2), value.encode("utf-16-be"))
            def unit(u):
                if 0 < u < 0x80: return bytes([u])
                if u < 0x800: return bytes([0xC0 | u >> 6, 0x80 | u & 63])
                return bytes([0xE0 | u >> 12, 0x80 | u >> 6 & 63, 0x80 | u & 63])
            encoded = b"".join(map(unit, units))
            return struct.pack(">H", len(encoded)) + encoded
        def head(tag, alias): return struct.pack(">I", tag) + text(alias) + struct.pack(">Q", 1700000000000)
        def certificate(der): return (text("X.509") if version == 2 else b"") + struct.pack(">I", len(der)) + der
        def read(path): return open(path, "rb").read()
        entries = []
        for entry in sys.argv[5:]:
            type, alias, *files = entry.split(":")
            files = files[0].split(",") if files and files[0] else []
            alias = alias.replace("NUL", chr(0))
            if type == "trusted": entries.append(head(2, alias) + certificate(read(files[0])))
            if type == "secret": entries.append(head(3, alias) + b"serialized")
            if type == "key":
                key = struct.pack(">I", 9) + b"encrypted" + struct.pack(">I", len(files))
                entries.append(head(1, alias) + key + b"".join(certificate(read(file)) for file in files))
            if type == "many":
                der = read(files[0])
                for index in range(int(alias)):
                    entries.append(head(2, "c%d" % index) + certificate(der[:16] + struct.pack(">I", index) + der[20:]))
        magic = {"jks": 0xFEEDFEED, "jceks": 0xCECECECE}[format]
        body = struct.pack(">III", magic, version, len(entries)) + b"".join(entries)
        digest = hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + body).digest()
        open(path, "wb").write(body + digest)
        """
}

extension CertificateBundle {
    /// Why the bytes cannot be read; nil if they can.
    static func cause(_ bytes: [UInt8], _ passwords: [String] = []) -> Unreadable.Cause? {
        do throws(Unreadable) { _ = try read(bytes, passwords: passwords) } catch { return error.cause }
        return nil
    }

    var parts: [String] { entries.map(\.part) }
    var facts: [CertificateFacts] { entries.map(\.facts) }
    /// `1 of 2`: the key that is part 1, and its certificate.
    var matches: [String] { keys.map { $0.isEncrypted ? "\($0.part) encrypted" : "\($0.part) of \($0.matches ?? "none")" } }
}
