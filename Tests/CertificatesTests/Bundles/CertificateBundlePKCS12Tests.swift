import CCurl
import TestSupport
import Testing

@testable import Certificates

@Suite struct CertificateBundlePKCS12Tests {
    @Test(
        "a certificate, its chain and its key are read, however they are encrypted",
        arguments: [
            ["-certfile"], ["-certfile", "-legacy"], ["-certfile", "-certpbe", "NONE", "-keypbe", "NONE"],
            ["-certfile", "-nomac", "-certpbe", "AES-256-CBC"],
            ["-certfile", "-descert"], ["-certfile", "-keypbe", "PBE-SHA1-RC4-128", "-certpbe", "PBE-MD5-DES", "-legacy"],
            ["-certfile", "-macalg", "sha512", "-iter", "1"],
        ])
    func kinds(options: [String]) async throws {
        let files = try await BundleFiles.shared
        let bundle = try CertificateBundle.read(await files.pkcs12(options, name: "Zürich €"), passwords: ["secret"])
        #expect(bundle.format == .pkcs12)
        #expect(bundle.problems == [])
        #expect(bundle.parts == ["Zürich €", "2"])
        #expect(try bundle.facts == files.facts(files.leaf, files.root))
        #expect(bundle.matches == ["Zürich € of Zürich €"])
    }

    @Test("a file may be without a key, without a certificate, or have them without names")
    func partial() async throws {
        let files = try await BundleFiles.shared
        let certificates = try CertificateBundle.read(await files.pkcs12(["-certfile", "-nokeys"]), passwords: ["secret"])
        #expect(certificates.parts == ["1", "2"])
        #expect(certificates.keys.isEmpty)
        let key = try CertificateBundle.read(await files.pkcs12(["-nocerts"]), passwords: ["secret"])
        #expect(key.entries.isEmpty)
        #expect(key.matches == ["mail of none"])
        let unnamed = try CertificateBundle.read(
            await files.openssl(
                "pkcs12", "-export", "-in", files.leaf.certificate, "-inkey", files.leaf.key, "-passout", "pass:secret"),
            passwords: ["secret"])
        #expect(unnamed.matches == ["2 of 1"])
    }

    @Test(
        "each password is tried, then an empty one and none",
        arguments: [
            ("secret", ["secret"], nil), ("secret", ["other", "secret"], nil), ("größer€", ["größer€"], nil), ("", [], nil),
            ("", ["other"], nil), ("secret", [], .passwordNeeded), ("secret", ["other", "Secret"], .passwordWrong),
        ] as [(String, [String], CertificateBundle.Unreadable.Cause?)])
    func passwords(password: String, tried: [String], cause: CertificateBundle.Unreadable.Cause?) async throws {
        let files = try await BundleFiles.shared
        for mac in [[], ["-nomac", "-certpbe", "AES-256-CBC"]] {
            let bytes = try await files.pkcs12(mac + ["-passout", "pass:\(password)"])
            #expect(CertificateBundle.cause(bytes, tried) == cause)
        }
    }

    @Test("GnuTLS's files with an empty password and with none are read", arguments: ["--empty-password", "--null-password"])
    func withoutPassword(option: String) async throws {
        let files = try await BundleFiles.shared
        let path = files.freshPath
        try await BundleFiles.run(
            "certtool",
            [
                "--to-p12", option, "--p12-name", "mail", "--load-certificate", files.leaf.certificate, "--load-privkey", files.leaf.key,
                "--outder", "--outfile", path,
            ])
        let bundle = try CertificateBundle.read(BundleFiles.bytes(path))
        #expect(bundle.matches == ["mail of mail"])
    }

    @Test("without the legacy provider, an old file says that it is missing; with it, the process has no more ciphers than before")
    func legacy() async throws {
        let files = try await BundleFiles.shared
        let context = OpenSSLContext(legacyProvider: "none")
        let old = try await files.pkcs12(["-legacy"])
        let error = #expect(throws: CertificateBundle.Unreadable.self) {
            try CertificateBundle.read(old, passwords: ["secret"], context: context)
        }
        #expect(error?.cause == .unsupported)
        #expect(
            error?.description
                == "PKCS#12 that is encrypted with RC2-40-CBC, which needs OpenSSL's legacy provider, and that is not installed (legacy.so)"
        )
        let modern = try CertificateBundle.read(await files.pkcs12(), passwords: ["secret"], context: context)
        #expect(modern.parts == ["mail", "2"])
        #expect(try CertificateBundle.read(old, passwords: ["secret"]).parts == ["mail"])
        #expect(EVP_CIPHER_fetch(nil, "RC2-40-CBC", nil) == nil)
        ERR_clear_error()
    }

    /// The number of iterations is 2,048 in the files.
    @Test(
        "a file that asks for more than two million iterations is refused before they are computed",
        arguments: [
            (["-certpbe", "NONE", "-keypbe", "NONE"], "2147483647"), (["-nomac", "-certpbe", "AES-256-CBC"], "2147483647"),
            (["-nomac", "-legacy", "-certpbe", "PBE-SHA1-RC2-40"], "2147483647"),
        ])
    func iterations(options: [String], asked: String) async throws {
        let files = try await BundleFiles.shared
        let bytes = try await files.pkcs12(options)
        let changed = TLV.replacing([0x02, 0x02, 0x08, 0x00], with: [0x02, 0x04, 0x7F, 0xFF, 0xFF, 0xFF], in: bytes)
        let error = #expect(throws: CertificateBundle.Unreadable.self) {
            try CertificateBundle.read(changed, passwords: ["secret"])
        }
        #expect(error?.cause == .tooLarge)
        #expect(error?.description == "PKCS#12 that asks for \(asked) iterations of a digest, at most 2000000 are computed")
        // A number of nine bytes, and a negative one.
        for count in [[0x02, 0x09, 0x01, 0, 0, 0, 0, 0, 0, 0, 0], [0x02, 0x01, 0xFF]] as [[UInt8]] {
            let changed = TLV.replacing([0x02, 0x02, 0x08, 0x00], with: count, in: bytes)
            #expect(CertificateBundle.cause(changed, ["secret"]) == .tooLarge)
        }
    }

    /// Each asks for a million for its integrity, and for its certificate.
    @Test("all files of one document may ask for two million together")
    func manifest() async throws {
        let files = try await BundleFiles.shared
        let bytes = try await files.pkcs12(["-certpbe", "AES-256-CBC", "-keypbe", "NONE", "-iter", "1000000"])
        let groups = (0..<5).map { [CertificateBundle.Embedded(.secret(namespace: "", name: "\($0)", key: "a.p12"), bytes)] }
        let bundle = CertificateBundle.read(groups, passwords: ["secret"])
        #expect(bundle.parts == ["Secret 0 a.p12 mail"])
        #expect(
            bundle.problems
                == (1..<5).map {
                    "part Secret \($0) a.p12: PKCS#12 that asks for 3000000 iterations of a digest, at most 2000000 are computed"
                })
    }

    @Test("where only the key asks for too many, the certificate is read")
    func keyIterations() async throws {
        let files = try await BundleFiles.shared
        let bytes = try await files.pkcs12(["-nomac"])
        let changed = TLV.replacing([0x02, 0x02, 0x08, 0x00], with: [0x02, 0x04, 0x7F, 0xFF, 0xFF, 0xFF], in: bytes)
        let bundle = try CertificateBundle.read(changed, passwords: ["secret"])
        #expect(bundle.parts == ["mail"])
        #expect(bundle.keys.isEmpty)
        #expect(
            bundle.problems == ["part mail: PKCS#12 that asks for 2147483647 iterations of a digest, at most 2000000 are computed"])
    }

    @Test("content that is missing at any level is refused or a problem")
    func missingContent() throws {
        let data = TLV.element(0x06, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01])
        let encrypted = TLV.element(0x06, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x06])
        func file(_ content: [UInt8]...) -> [UInt8] { TLV.element(0x30, [2, 1, 3] + TLV.element(0x30, data + content.joined())) }
        func safes(_ safes: [UInt8]...) -> [UInt8] {
            file(TLV.element(0xA0, TLV.element(0x04, TLV.element(0x30, Array(safes.joined())))))
        }
        #expect(CertificateBundle.cause(file()) == .unsupported)
        #expect(CertificateBundle.cause(file(TLV.element(0xA0, TLV.element(0x04, [])))) == .malformed)
        #expect(try CertificateBundle.read(safes()).entries.isEmpty)
        let algorithm = TLV.element(0x30, TLV.element(0x06, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x0C, 0x01, 0x03]))
        let withoutContent = TLV.element(0x30, data + algorithm)
        for safe in [
            TLV.element(0x30, data), TLV.element(0x30, encrypted),
            TLV.element(0x30, encrypted + TLV.element(0xA0, TLV.element(0x30, [2, 1, 0] + withoutContent))),
        ] {
            let bundle = try CertificateBundle.read(safes(safe))
            #expect(bundle.problems == ["part 1: content that is damaged, or encrypted with a public key"])
        }
    }

    @Test("keytool's PKCS#12 files are read", .enabled(if: KeyTool.isInstalled))
    func keytool() async throws {
        let files = try await BundleFiles.shared
        let bytes = try await KeyTool.imported(files, "pkcs12")
        let bundle = try CertificateBundle.read(bytes, passwords: ["secret"])
        #expect(bundle.matches == ["mail of mail"])
        #expect(try Set(bundle.facts) == Set(files.facts(files.leaf, files.root)))
    }
}
