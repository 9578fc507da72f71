import FoundationEssentials

/// Certificates by the `openssl` command, as PEM files of a directory of their own.
package final class TestCertificates: Sendable {
    package struct Failed: Error { var errors: String }

    /// A certificate and its key.
    package struct Identity: Sendable {
        package var certificate: String
        package var key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    package let directory: TemporaryDirectory
    package var path: String { directory.path }

    package init() throws {
        directory = try TemporaryDirectory()
        try directory.write("index.txt", "")
    }

    /// - Parameter key: the key of an earlier one, where two certificates are to be for the same.
    package func root(
        _ name: String, days: ClosedRange<Int> = -1...30, commonName: String = "Test Root", key: String? = nil,
        algorithms: Algorithms = Algorithms()
    ) async throws -> Identity {
        try await make(
            name, "/CN=\(commonName)", days, key, "basicConstraints = critical, CA:true\nkeyUsage = keyCertSign, cRLSign", algorithms,
            signer: nil)
    }

    /// - Parameter names: as the subject alternative name has them: `DNS:mail.fabrikam.com`, `IP:127.0.0.1`.
    package func leaf(
        _ name: String, _ names: String = "DNS:localhost, IP:127.0.0.1", days: ClosedRange<Int> = -1...30, by signer: Identity
    ) async throws -> Identity {
        try await make(name, "/CN=\(name)", days, nil, "basicConstraints = CA:false\nsubjectAltName = \(names)", signer: signer)
    }

    /// An authority between a root and leaves.
    package func intermediate(
        _ name: String, days: ClosedRange<Int> = -1...30, _ more: String = "", algorithms: Algorithms = Algorithms(), by signer: Identity
    ) async throws -> Identity {
        try await make(
            name, "/CN=\(name)", days, nil, "basicConstraints = critical, CA:true\nkeyUsage = keyCertSign, cRLSign\n\(more)", algorithms,
            signer: signer)
    }

    /// Any certificate that is no authority, its extensions as OpenSSL's configuration writes them.
    /// - Parameters:
    ///   - subject: as `openssl req` takes it; nil for the name.
    ///   - key: the key of an earlier one.
    package func issue(
        _ name: String, _ extensions: String, days: ClosedRange<Int> = -1...30, algorithms: Algorithms = Algorithms(),
        serial: String? = nil, subject: String? = nil, key: String? = nil, by signer: Identity?
    ) async throws -> Identity {
        try await make(name, subject ?? "/CN=\(name)", days, key, extensions, algorithms, serial: serial, signer: signer)
    }

    /// An RSA key of 8,192 or 16,384 bits, which would take minutes to generate: of the first primes above `3 << (bits / 2 - 2)` and
    /// `7 << (bits / 2 - 3)`.
    package func longKey(bits: Int) async throws -> String {
        let path = "\(self.path)/rsa\(bits).key"
        let written = try await Program.run(
            Program.python,
            [
                "-c",
                """
                import sys
                bits = int(sys.argv[1])
                above = {8192: (3389, 135), 16384: (407, 423)}[bits]
                p, q, e = (3 << bits // 2 - 2) + above[0], (7 << bits // 2 - 3) + above[1], 65537
                d = pow(e, -1, (p - 1) * (q - 1))
                numbers = [0, p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)]
                print("asn1 = SEQUENCE:key\\n[key]")
                for name, number in zip("abcdefghi", numbers): print(f"{name} = INTEGER:{number:#x}")
                """, String(bits),
            ])
        guard written.status == 0 else { throw Failed(errors: written.errors) }
        let form = try directory.write("rsa\(bits).cnf", written.output)
        try await openssl(["asn1parse", "-genconf", form, "-noout", "-out", path + ".der"])
        try await openssl(["rsa", "-inform", "DER", "-in", path + ".der", "-out", path])
        return path
    }

    /// Several certificates, one after the other.
    package func joined(_ name: String, _ identities: Identity...) throws -> String { try joined(name, identities) }

    package func joined(_ name: String, _ identities: [Identity]) throws -> String {
        try directory.write(
            name, try identities.map { String(decoding: try Data(contentsOf: URL(filePath: $0.certificate)), as: UTF8.self) }.joined())
    }

    /// The kind of key as `openssl genpkey` names it, and the digest that the issuer signs.
    package struct Algorithms: Sendable {
        package var key: [String]
        package var digest: String

        package init(
            key: [String] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], digest: String = "sha256"
        ) {
            self.key = key
            self.digest = digest
        }

        package static func rsa(_ bits: Int, digest: String = "sha256") -> Algorithms {
            Algorithms(key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:\(bits)"], digest: digest)
        }
        package static func signed(_ digest: String) -> Algorithms { Algorithms(digest: digest) }
    }

    private func make(
        _ name: String, _ subject: String, _ days: ClosedRange<Int>, _ key: String?, _ extensions: String,
        _ algorithms: Algorithms = Algorithms(), serial: String? = nil, signer: Identity?
    ) async throws -> Identity {
        let identity = Identity(certificate: "\(path)/\(name).pem", key: key ?? "\(path)/\(name).key")
        if key == nil {
            try await openssl(["genpkey"] + algorithms.key + ["-out", identity.key])
        }
        let numbers = try serial.map { "serial = \(try directory.write("\(name).serial", $0 + "\n"))" } ?? "rand_serial = yes"
        let configuration = try directory.write(
            "\(name).cnf",
            """
            [ca]
            default_ca = here
            [here]
            database = \(path)/index.txt
            new_certs_dir = \(path)
            \(numbers)
            unique_subject = no
            default_md = \(algorithms.digest)
            policy = any
            [any]
            commonName = optional
            organizationName = optional
            [req]
            distinguished_name = names
            [names]
            [extensions]
            \(extensions)
            """)
        let request = "\(path)/\(name).csr"
        try await openssl(["req", "-new", "-config", configuration, "-key", identity.key, "-subj", subject, "-out", request])
        let from = signer.map { ["-cert", $0.certificate, "-keyfile", $0.key] } ?? ["-selfsign", "-keyfile", identity.key]
        try await openssl(
            [
                "ca", "-batch", "-notext", "-config", configuration, "-extensions", "extensions", "-in", request, "-out",
                identity.certificate,
                "-startdate", Self.date(days.lowerBound), "-enddate", Self.date(days.upperBound),
            ] + from)
        return identity
    }

    private func openssl(_ arguments: [String]) async throws {
        let ended = try await Program.run("openssl", arguments)
        guard ended.status == 0 else { throw Failed(errors: ended.errors) }
    }

    /// `YYYYMMDDHHMMSSZ`, that many days from now.
    private static func date(_ days: Int) -> String {
        (Date() + Double(days) * 86400).ISO8601Format().filter { !"-:T".contains($0) }
    }
}
