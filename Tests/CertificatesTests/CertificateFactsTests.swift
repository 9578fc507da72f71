import Certificates
import Crypto
import CryptoExtras
import FoundationEssentials
import SwiftASN1
import Testing
import X509

@Suite struct ThumbprintTests {
    @Test(
        "a thumbprint and its x5t are two spellings of one digest",
        arguments: [
            ("E1BDF9AE58C93C75E76C9DD882138FB8FF0FA786", "4b35rljJPHXnbJ3YghOPuP8Pp4Y"),
            ("FE0FAE9305F294F49DD2426AB214CC17853A7E87", "_g-ukwXylPSd0kJqshTMF4U6foc"),
        ])
    func spellings(hexadecimal: String, x5t: String) throws {
        #expect(Thumbprint(hexadecimal)?.x5t == x5t)
        #expect(Thumbprint(x5t: x5t)?.description == hexadecimal)
        #expect(Thumbprint(x5t: x5t + "=")?.description == hexadecimal)
    }

    @Test(
        "any way Windows shows a thumbprint is read",
        arguments: [
            "7595dbdea83dacb5757441d44899bcdb9911253c", "75 95 DB DE A8 3D AC B5 75 74 41 D4 48 99 BC DB 99 11 25 3C",
            "75:95:DB:DE:A8:3D:AC:B5:75:74:41:D4:48:99:BC:DB:99:11:25:3C", "\u{200E}7595DBDEA83DACB5757441D44899BCDB9911253C",
        ])
    func pasted(text: String) { #expect(Thumbprint(text)?.description == "7595DBDEA83DACB5757441D44899BCDB9911253C") }

    @Test(
        "what is no thumbprint is refused",
        arguments: ["", "7595", "7595DBDEA83DACB5757441D44899BCDB9911253G", "7595DBDEA83DACB5757441D44899BCDB9911253C00"])
    func refused(text: String) { #expect(Thumbprint(text) == nil) }
}

@Suite struct CertificateFactsTests {
    private static let begin = Date(timeIntervalSince1970: 1_700_000_000)
    private static let end = Date(timeIntervalSince1970: 1_800_000_000)

    private static func certificate(_ key: Certificate.PrivateKey, _ algorithm: Certificate.SignatureAlgorithm) throws -> Certificate {
        let name = try DistinguishedName {
            CommonName("Microsoft Exchange Server Auth Certificate")
            OrganizationName("Fabrikam")
        }
        return try Certificate(
            version: .v3, serialNumber: .init(bytes: [0x12, 0xAB]), publicKey: key.publicKey, notValidBefore: begin, notValidAfter: end,
            issuer: name,
            subject: name, signatureAlgorithm: algorithm,
            extensions: Certificate.Extensions {
                SubjectAlternativeNames([.dnsName("mail.fabrikam.com"), .ipAddress(ASN1OctetString(contentBytes: [10, 0, 0, 1]))])
            },
            issuerPrivateKey: key)
    }

    private static func der(_ certificate: Certificate) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    @Test("all facts of a certificate are read, in DER and in PEM with Windows line ends")
    func facts() throws {
        let certificate = try Self.certificate(.init(_RSA.Signing.PrivateKey(keySize: .bits2048)), .sha256WithRSAEncryption)
        let der = try Self.der(certificate)
        let pem = try certificate.serializeAsPEM().pemString.replacing("\n", with: "\r\n")
        let facts = try CertificateFacts.read(pemOrDER: der)
        #expect(try CertificateFacts.read(pemOrDER: Array(("Bag Attributes\r\n" + pem).utf8)) == facts)
        #expect(facts.thumbprint == Thumbprint(digest: Array(Insecure.SHA1.hash(data: der))))
        #expect(facts.subject == "O=Fabrikam,CN=Microsoft Exchange Server Auth Certificate")
        #expect(facts.issuer == facts.subject)
        #expect(facts.serialNumber == "12AB")
        #expect(facts.notBefore == Self.begin)
        #expect(facts.notAfter == Self.end)
        #expect(facts.keyType == .rsa)
        #expect(facts.keyBits == 2048)
        #expect(facts.signatureAlgorithm == "sha256WithRSAEncryption")
        #expect(facts.names == ["mail.fabrikam.com", "10.0.0.1"])
        #expect(!facts.hasWeakSignature)
    }

    @Test("keys and signatures nobody should use are read all the same")
    func weak() throws {
        let small = try CertificateFacts.read(
            pemOrDER: Self.der(
                Self.certificate(.init(_RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024))), .sha1WithRSAEncryption)))
        #expect(small.keyBits == 1024)
        #expect(small.hasWeakSignature)
        let curve = try CertificateFacts.read(pemOrDER: Self.der(Self.certificate(.init(P384.Signing.PrivateKey()), .ecdsaWithSHA384)))
        #expect(curve.keyType == .ec)
        #expect(curve.keyBits == 384)
        let edwards = try CertificateFacts.read(pemOrDER: Self.der(Self.certificate(.init(Curve25519.Signing.PrivateKey()), .ed25519)))
        #expect(edwards.keyType == .other("ED25519"))
    }

    @Test("what is no certificate is refused with a clause")
    func unreadable() throws {
        let der = try Self.der(Self.certificate(.init(P256.Signing.PrivateKey()), .ecdsaWithSHA256))
        for bytes in [
            [], Array("hello".utf8), Array(der.dropLast(3)), der + [0, 0],
            Array("-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n".utf8),
        ] {
            #expect(throws: CertificateUnreadable.self) { try CertificateFacts.read(pemOrDER: bytes) }
        }
    }
}

@Suite struct NameAttributeTests {
    @Test(
        "a name is taken apart, its values without escapes",
        arguments: [
            ("", []), ("CN=a,O=b", [NameAttribute("CN", "a"), NameAttribute("O", "b")]),
            ("OU=a\\, b+CN=\\ c\\ ,O=d\\\\e=f", [NameAttribute("OU", "a, b"), NameAttribute("CN", " c "), NameAttribute("O", "d\\e=f")]),
            ("CN=a\\0Ab\\+1,O=München", [NameAttribute("CN", "a\nb+1"), NameAttribute("O", "München")]),
            ("1.3.6.1.4.1.99999.1=#0C0474657874,CN=\\#x", [NameAttribute("1.3.6.1.4.1.99999.1", "text"), NameAttribute("CN", "#x")]),
            ("CN=#1E0400480069,O=#FF", [NameAttribute("CN", "Hi"), NameAttribute("O", "")]), ("CN=a\\", [NameAttribute("CN", "a")]),
        ])
    func parts(name: String, attributes: [NameAttribute]) { #expect(NameAttribute.all(in: name) == attributes) }

    @Test(
        "a type has an object identifier",
        arguments: [
            ("CN", "2.5.4.3"), ("emailAddress", "1.2.840.113549.1.9.1"), ("1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.1"), ("none", nil),
        ])
    func identifier(type: String, identifier: String?) { #expect(NameAttribute(type, "").objectIdentifier == identifier) }
}
