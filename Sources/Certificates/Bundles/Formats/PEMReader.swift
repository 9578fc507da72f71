import CCurl

/// Reads PEM text. Each block is decoded by OpenSSL on its own, so that a damaged one does not affect the others.
enum PEMReader {
    private enum Content {
        case certificate, trustedCertificate, list, signedData
        /// - Parameter type: of a key that is not in PKCS#8.
        case key(type: Int32?)
        case encryptedKey

        /// Nil for other types, which are skipped.
        init?(label: String) {
            switch label {
            case "CERTIFICATE", "X509 CERTIFICATE": self = .certificate
            case "TRUSTED CERTIFICATE": self = .trustedCertificate
            case "X509 CRL": self = .list
            case "PKCS7", "PKCS #7 SIGNED DATA", "CMS": self = .signedData
            case "PRIVATE KEY": self = .key(type: nil)
            case "RSA PRIVATE KEY": self = .key(type: EVP_PKEY_RSA)
            case "EC PRIVATE KEY": self = .key(type: EVP_PKEY_EC)
            case "ENCRYPTED PRIVATE KEY": self = .encryptedKey
            default: return nil
            }
        }

        var isParsedKey: Bool {
            if case .key = self { true } else { false }
        }
    }

    /// Reads the blocks of the text into `contents`. False if it has none.
    /// - Throws: where it has blocks of other types only.
    static func read(
        _ text: UnsafeBufferPointer<UInt8>, into contents: inout BundleContents
    ) throws(CertificateBundle.Unreadable) -> Bool {
        if text.starts(with: [0xFF, 0xFE]) || text.starts(with: [0xFE, 0xFF]) {
            throw CertificateBundle.Unreadable(.unsupported, "text in UTF-16, which is not supported: PEM is ASCII")
        }
        var isKnown = false
        var other: String?
        for block in PEMBlocks(text) {
            let content = Content(label: block.label)
            isKnown = isKnown || content != nil || block.shape != .complete
            if content == nil { other = other ?? block.label }
            switch block.shape {
            case .complete:
                guard let content, contents.hasRoom(parsingKey: content.isParsedKey) else { continue }
                read(block, as: content, into: &contents)
            case .endless where contents.hasRoom():
                contents.add(problem: "the \(block.label) block in line \(block.line) has no end")
            case .beginless where contents.hasRoom():
                contents.add(problem: "the \(block.label) block that ends in line \(block.line) has no beginning")
            case .endless, .beginless: break
            }
        }
        if let other, !isKnown { throw CertificateBundle.Unreadable(.notCertificates, "PEM of another type: \(other)") }
        return isKnown
    }

    private static func read(_ block: PEMBlocks.Block, as content: Content, into contents: inout BundleContents) {
        let isDecoded = decode(block.bytes) { isEncrypted, der in
            switch content {
            case .certificate: contents.add(certificateIn: der)
            case .trustedCertificate: add(trusted: der, to: &contents)
            case .list: add(list: der, to: &contents)
            case .signedData: add(signedData: der, to: &contents)
            case .key(let type) where !isEncrypted: add(key: der, type, to: &contents)
            case .key, .encryptedKey: contents.add(keyFor: nil)
            }
        }
        if !isDecoded { contents.add(problem: "the \(block.label) block in line \(block.line) is not valid PEM") }
    }

    /// A certificate that is followed by what it is trusted for.
    private static func add(trusted der: UnsafeBufferPointer<UInt8>, to contents: inout BundleContents) {
        guard let certificate = DER.parse(der, d2i_X509_AUX, releasedBy: X509_free) else {
            return contents.add(problem: "not a complete certificate")
        }
        defer { X509_free(certificate) }
        contents.add(certificate: certificate)
    }

    private static func add(list der: UnsafeBufferPointer<UInt8>, to contents: inout BundleContents) {
        guard let list = DER.parse(der, d2i_X509_CRL, releasedBy: X509_CRL_free) else {
            return contents.add(problem: "not a complete revocation list")
        }
        defer { X509_CRL_free(list) }
        contents.add(list: list)
    }

    private static func add(signedData der: UnsafeBufferPointer<UInt8>, to contents: inout BundleContents) {
        do throws(CertificateBundle.Unreadable) {
            if try !SignedDataReader.read(der, into: &contents) { contents.add(problem: "not complete PKCS#7") }
        } catch { contents.add(problem: error.description) }
    }

    private static func add(key der: UnsafeBufferPointer<UInt8>, _ type: Int32?, to contents: inout BundleContents) {
        if let publicKey = PublicKeyEncoding.ofPrivateKey(der, type: type) {
            contents.add(keyFor: publicKey)
        } else {
            contents.add(problem: "a private key that is damaged or of a type that is not supported")
        }
    }

    /// Calls `body` with the content of a block; false if OpenSSL cannot decode it.
    private static func decode(
        _ block: UnsafeBufferPointer<UInt8>, _ body: (_ isEncrypted: Bool, _ der: UnsafeBufferPointer<UInt8>) -> Void
    ) -> Bool {
        guard let bio = BIO_new_mem_buf(block.baseAddress, Int32(block.count)) else { return false }
        defer { BIO_free(bio) }
        var name: UnsafeMutablePointer<CChar>?
        var header: UnsafeMutablePointer<CChar>?
        var data: UnsafeMutablePointer<UInt8>?
        var length = 0
        guard PEM_read_bio(bio, &name, &header, &data, &length) == 1 else { return false }
        defer {
            agent_openssl_free(name)
            agent_openssl_free(header)
            agent_openssl_free(data)
        }
        // Headers are used by OpenSSL's old encryption only: `Proc-Type: 4,ENCRYPTED`.
        let isEncrypted = header.map { String(cString: $0).contains("ENCRYPTED") } ?? false
        body(isEncrypted, UnsafeBufferPointer(start: data, count: length))
        return true
    }
}
