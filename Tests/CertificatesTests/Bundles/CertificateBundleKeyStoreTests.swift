import TestSupport
import Testing

@testable import Certificates

@Suite struct CertificateBundleKeyStoreTests {
    @Test(
        "trusted certificates and the chains of keys are read under their aliases",
        arguments: [("jks", 1), ("jks", 2), ("jceks", 1), ("jceks", 2)])
    func entries(format: String, version: Int) async throws {
        let files = try await BundleFiles.shared
        let (leaf, root) = (try await files.der(files.leaf), try await files.der(files.root))
        let bytes = try await files.keyStore(
            ["trusted:Zürich €𝄞NUL:\(root)", "key:tomcat:\(leaf),\(root)", "key:empty:", "trusted:tomcat 2:\(leaf)"], format: format,
            version: version)
        let bundle = try CertificateBundle.read(bytes, passwords: ["other", "secret"])
        #expect(bundle.format.rawValue == format)
        #expect(bundle.problems == [])
        #expect(bundle.parts == ["Zürich €𝄞\0", "tomcat", "tomcat 2", "tomcat 2 #2"])
        #expect(try bundle.facts == files.facts(files.root, files.leaf, files.root, files.leaf))
        #expect(bundle.matches == ["tomcat encrypted", "empty encrypted"])
    }

    @Test(
        "the digest is verified if there is a password",
        arguments: [
            (["secret"], nil), (["other", "secret"], nil), ([], nil), (["other"], .passwordWrong), ([""], .passwordWrong),
        ] as [([String], CertificateBundle.Unreadable.Cause?)])
    func passwords(tried: [String], cause: CertificateBundle.Unreadable.Cause?) async throws {
        let files = try await BundleFiles.shared
        let bytes = try await files.keyStore(["trusted:root:\(files.der(files.root))"])
        #expect(CertificateBundle.cause(bytes, tried) == cause)
        let other = try await files.keyStore(["trusted:root:\(files.der(files.root))"], password: "größer€")
        #expect(CertificateBundle.cause(other, ["größer€"]) == nil)
    }

    @Test("the entries after a secret key are left out, and counted")
    func secretKey() async throws {
        let files = try await BundleFiles.shared
        let root = try await files.der(files.root)
        let bytes = try await files.keyStore(
            ["trusted:a:\(root)", "secret:hidden", "trusted:b:\(root)", "trusted:c:\(root)"], format: "jceks")
        let bundle = try CertificateBundle.read(bytes, passwords: ["secret"])
        #expect(bundle.parts == ["a"])
        #expect(bundle.problems == ["part hidden: a secret key, of unknown length: it and 2 entries after it are left out"])
        #expect(CertificateBundle.cause(bytes, ["other"]) == .passwordWrong)
    }

    @Test("a certificate that cannot be read is a problem, the others are read")
    func damaged() async throws {
        let files = try await BundleFiles.shared
        let junk = try files.certificates.directory.write("junk", "junk")
        let bytes = try await files.keyStore(["trusted:a:\(junk)", "trusted:b:\(files.der(files.root))"])
        let bundle = try CertificateBundle.read(bytes)
        #expect(bundle.parts == ["b"])
        #expect(bundle.problems == ["part a: not a complete certificate"])
    }

    @Test("ten thousand entries are read; of more than twenty thousand, the others are left out", arguments: [10_000, 20_003])
    func many(count: Int) async throws {
        let files = try await BundleFiles.shared
        let bytes = try await files.keyStore(["many:\(count):\(files.der(files.root))"])
        let bundle = try CertificateBundle.read(bytes, passwords: ["secret"])
        #expect(bundle.entries.count == min(count, 20_000))
        #expect(Set(bundle.facts.map(\.serialNumber)).count == bundle.entries.count)
        #expect(
            bundle.problems
                == (count > 20_000 ? ["3 further parts are left out: at most 20000 parts and 1000 private keys of one file are read"] : []))
    }

    @Test(
        "lengths and counts beyond the end of the file are refused",
        arguments: [
            ("FEEDFEED", "ends within the header"), ("FEEDFEED0000000300000000", "of version 3"),
            ("FEEDFEED00000002FFFFFFFF", "of 32 bytes that claims to have 4294967295 entries"),
            ("FEEDFEED000000020000000100000002FFFF6161000000000000000000000000", "ends within entry 1 of 1"),
            ("FEEDFEED00000002000000010000000100000000000000000000FFFFFFFF00000000", "ends within entry 1 of 1"),
            ("FEEDFEED0000000200000001000000010000000000000000000000000000FFFFFFFF", "ends within entry 1 of 1"),
            ("FEEDFEED00000002000000010000000900000000000000000000000000000000", "with an unknown type of entry, 9, as entry 1 of 1"),
            ("FEEDFEED00000002000000010000000300000000000000000000000000000000", "with an unknown type of entry, 3, as entry 1 of 1"),
            ("CECECECE00000001000000000000", "with 2 other bytes after its entries"),
        ])
    func hostile(hexadecimal: String, description: String) {
        let error = #expect(throws: CertificateBundle.Unreadable.self) {
            try CertificateBundle.read(Hexadecimal.decode(hexadecimal) + [UInt8](repeating: 0, count: 20))
        }
        #expect(error?.description.hasSuffix(description) == true, "\(error?.description ?? "")")
    }

    @Test(
        "modified UTF-8 is decoded, what is damaged is replaced",
        arguments: [
            ([0x61, 0xC0, 0x80, 0xC3, 0xA9], "a\0é"), ([0xE2, 0x82, 0xAC], "€"), ([0xED, 0xA0, 0xB4, 0xED, 0xB4, 0x9E], "𝄞"),
            ([0xED, 0xA0, 0xB4], "\u{FFFD}"), ([0xC3, 0x61], "\u{FFFD}a"), ([0x80, 0xFF], "\u{FFFD}\u{FFFD}"), ([0xE2, 0x82], "\u{FFFD}"),
        ] as [([UInt8], String)])
    func modifiedUTF8(bytes: [UInt8], text: String) { #expect(ModifiedUTF8.decode(bytes) == text) }

    @Test("keytool's key stores are read, with a secret key among them", .enabled(if: KeyTool.isInstalled), arguments: ["jks", "jceks"])
    func keytool(type: String) async throws {
        let files = try await BundleFiles.shared
        let bytes = try await KeyTool.imported(files, type)
        let bundle = try CertificateBundle.read(bytes, passwords: ["secret"])
        #expect(bundle.format.rawValue == type)
        #expect(CertificateBundle.cause(bytes, ["other"]) == .passwordWrong)
        if type == "jks" || bundle.problems.isEmpty { #expect(bundle.parts == ["mail", "mail 2"]) }
        #expect(type == "jceks" || bundle.problems == [])
    }
}
