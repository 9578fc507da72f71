import CCurl
import FoundationEssentials
import Glibc

/// OpenSSL cannot parse the bytes as a certificate.
package struct CertificateUnreadable: Error, CustomStringConvertible {
    /// One clause: `neither a DER nor a PEM certificate`.
    package var description: String

    package init(description: String) { self.description = description }
}

extension CertificateFacts {
    /// Parses the first certificate of PEM text, or exactly one DER certificate.
    package static func read(pemOrDER bytes: [UInt8]) throws(CertificateUnreadable) -> CertificateFacts {
        guard !bytes.isEmpty else { throw CertificateUnreadable(description: "empty") }
        let isPEM =
            bytes.starts(with: Array("-----BEGIN".utf8)) || String(decoding: bytes, as: UTF8.self).contains("-----BEGIN CERTIFICATE")
        guard let certificate = isPEM ? readPEM(bytes) : readDER(bytes) else {
            ERR_clear_error()
            throw CertificateUnreadable(
                description: isPEM ? "no readable certificate in the PEM text" : "neither a DER nor a PEM certificate")
        }
        defer { X509_free(certificate) }
        guard let facts = CertificateFacts(certificate) else {
            throw CertificateUnreadable(description: "a certificate with unreadable fields")
        }
        return facts
    }

    /// Whether a TLS client may authenticate itself with it: `clientAuth` is among its extended key usages, or it has none.
    package var mayAuthenticateClient: Bool {
        guard let certificate = Self.readDER(der) else { return false }
        defer { X509_free(certificate) }
        // All bits are set where there are no such usages.
        return X509_get_extended_key_usage(certificate) & UInt32(XKU_SSL_CLIENT | XKU_ANYEKU) != 0
    }

    /// The digest that its issuer has signed; nil for one that is not known, or none.
    package var signatureDigest: Digest? {
        guard let certificate = Self.readDER(der) else { return nil }
        defer { X509_free(certificate) }
        var identifier: Int32 = 0
        guard X509_get_signature_info(certificate, &identifier, nil, nil, nil) == 1 else { return nil }
        switch identifier {
        case NID_sha1: return .sha1
        case NID_sha256: return .sha256
        case NID_sha384: return .sha384
        case NID_sha512: return .sha512
        default: return nil
        }
    }

    /// Whether a server with it must staple an OCSP response (RFC 7633); false if `der` is not set.
    package var demandsStaple: Bool {
        guard let certificate = Self.readDER(der) else { return false }
        defer { X509_free(certificate) }
        defer { ERR_clear_error() }
        return agent_demands_staple(certificate) == 1
    }

    /// The http URLs at which its issuer tells whether it was revoked: by OCSP, and in a list. Nil where it names none, or `der` is not set.
    package var revocationSources: (responder: String?, list: String?) {
        guard let certificate = Self.readDER(der) else { return (nil, nil) }
        defer {
            X509_free(certificate)
            ERR_clear_error()
        }
        func text(_ url: UnsafeMutablePointer<CChar>?) -> String? {
            defer { agent_openssl_free(url) }
            return url.map { String(cString: $0) }
        }
        return (text(agent_responder_url(certificate)), text(agent_list_url(certificate)))
    }

    /// The number of signed certificate timestamps in it; 0 if `der` is not set.
    package var timestampCount: Int {
        guard let certificate = Self.readDER(der) else { return 0 }
        defer {
            X509_free(certificate)
            ERR_clear_error()
        }
        return Int(agent_timestamp_count(certificate))
    }

    /// The SHA-256 digest of the public key with its algorithm (SubjectPublicKeyInfo), 32 bytes; nil if `der` is not set.
    package var publicKeyDigest: [UInt8]? {
        guard let certificate = Self.readDER(der) else { return nil }
        defer { X509_free(certificate) }
        var encoded: UnsafeMutablePointer<UInt8>?
        let length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded)
        guard length > 0, let encoded else { return nil }
        defer { agent_openssl_free(encoded) }
        return Digest.sha256.of(Array(UnsafeBufferPointer(start: encoded, count: Int(length))))
    }

    /// All subject alternative names that are text or addresses: those of `names`, mail addresses and URIs.
    package var alternativeNames: [String] {
        guard let certificate = Self.readDER(der) else { return [] }
        defer { X509_free(certificate) }
        return Self.names(certificate).map(\.text)
    }

    /// The number of certificates in PEM text, up to the first that cannot be parsed.
    package static func count(pem bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { raw in
            guard let bio = BIO_new_mem_buf(raw.baseAddress, Int32(raw.count)) else { return 0 }
            defer { BIO_free(bio) }
            var count = 0
            while let certificate = PEM_read_bio_X509(bio, nil, agent_no_password, nil) {
                X509_free(certificate)
                count += 1
            }
            ERR_clear_error()
            return count
        }
    }

    /// Reads an OpenSSL `X509` object, which remains owned by the caller; nil if a field cannot be decoded.
    package init?(_ certificate: OpaquePointer) {
        var encoded: UnsafeMutablePointer<UInt8>?
        let length = i2d_X509(certificate, &encoded)
        guard length > 0, let encoded else { return nil }
        let der = Array(UnsafeBufferPointer(start: encoded, count: Int(length)))
        CRYPTO_free(encoded, #file, #line)
        guard let thumbprint = Thumbprint(digest: Digest.sha1.of(der)),
            let notBefore = Self.date(X509_get0_notBefore(certificate)), let notAfter = Self.date(X509_get0_notAfter(certificate))
        else { return nil }
        let (keyType, keyBits) = Self.key(of: certificate)
        let names = Self.names(certificate)
        self.init(
            thumbprint: thumbprint, fingerprintSHA256: Hexadecimal.upper(Digest.sha256.of(der)).lowercased(),
            subject: Self.name(X509_get_subject_name(certificate)), issuer: Self.name(X509_get_issuer_name(certificate)),
            serialNumber: Self.serialNumber(certificate), notBefore: notBefore, notAfter: notAfter, keyType: keyType, keyBits: keyBits,
            signatureAlgorithm: Self.signatureAlgorithm(certificate),
            names: names.filter { [GEN_DNS, GEN_IPADD].contains($0.type) }.map(\.text),
            mailAddresses: names.filter { $0.type == GEN_EMAIL }.map(\.text), der: der)
    }

    /// Of RSASSA-PSS, the digest is a parameter.
    private static func signatureAlgorithm(_ certificate: OpaquePointer) -> String {
        let number = X509_get_signature_nid(certificate)
        let name = OBJ_nid2ln(number).map { String(cString: $0) } ?? ""
        var digest: Int32 = 0
        guard number == NID_rsassaPss, X509_get_signature_info(certificate, &digest, nil, nil, nil) == 1 else { return name }
        return name + (OBJ_nid2sn(digest).map { " with \(String(cString: $0))" } ?? "")
    }

    private static func readPEM(_ bytes: [UInt8]) -> OpaquePointer? {
        bytes.withUnsafeBytes { raw in
            guard let bio = BIO_new_mem_buf(raw.baseAddress, Int32(raw.count)) else { return nil }
            defer { BIO_free(bio) }
            return PEM_read_bio_X509(bio, nil, agent_no_password, nil)
        }
    }

    private static func readDER(_ bytes: [UInt8]) -> OpaquePointer? {
        // Trailing bytes mean that the file is something else.
        bytes.withUnsafeBufferPointer { DER.parse($0, d2i_X509, releasedBy: X509_free) }
    }

    /// Nil for a date that cannot be read.
    static func date(_ time: UnsafePointer<ASN1_TIME>?) -> Date? {
        var parts = tm()
        guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return Date(timeIntervalSince1970: TimeInterval(timegm(&parts)))
    }

    private static func key(of certificate: OpaquePointer) -> (KeyType, Int) {
        guard let key = X509_get0_pubkey(certificate) else {
            ERR_clear_error()
            return (.other("unknown"), 0)
        }
        let bits = Int(EVP_PKEY_get_bits(key))
        switch EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA, NID_rsassaPss: return (.rsa, bits)
        case NID_X9_62_id_ecPublicKey: return (.ec, bits)
        case let id: return (.other(OBJ_nid2sn(id).map { String(cString: $0) } ?? "unknown"), bits)
        }
    }

    /// One line in RFC 2253 order.
    static func name(_ name: OpaquePointer?) -> String {
        text { agent_print_name($0, name) }
    }

    private static func serialNumber(_ certificate: OpaquePointer) -> String {
        // i2a_ASN1_INTEGER breaks long numbers into lines.
        guard let number = X509_get0_serialNumber(certificate) else { return "" }
        let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(number), count: Int(ASN1_STRING_length(number)))
        let sign = ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER ? "-" : ""
        return sign + (bytes.isEmpty ? "00" : Hexadecimal.upper(bytes))
    }

    private static func text(_ write: (OpaquePointer) -> Int32) -> String {
        guard let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        _ = write(bio)
        var bytes: UnsafeMutablePointer<CChar>?
        let length = agent_bio_length(bio, &bytes)
        guard let bytes, length > 0 else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: Int(length)), as: UTF8.self)
    }

    /// Subject alternative names, in the order of the certificate: DNS names, addresses, mail addresses and URIs.
    private static func names(_ certificate: OpaquePointer) -> [(type: Int32, text: String)] {
        guard let raw = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(names) }
        return (0..<agent_names_count(names)).compactMap { index in
            guard let name = agent_name_at(names, index), [GEN_DNS, GEN_IPADD, GEN_EMAIL, GEN_URI].contains(agent_name_type(name)) else {
                return nil
            }
            var length: Int32 = 0
            guard let start = agent_name_bytes(name, &length) else { return nil }
            let bytes = Array(UnsafeBufferPointer(start: start, count: Int(length)))
            let type = agent_name_type(name)
            let text = type == GEN_IPADD ? address(bytes) : String(decoding: bytes, as: UTF8.self)
            return text.map { (type, $0) }
        }
    }

    private static func address(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
