import CCurl

/// Reads files that are one structure in DER: a certificate, a revocation list, PKCS#7 or PKCS#12.
enum DERReader {
    private typealias Unreadable = CertificateBundle.Unreadable

    /// Reads the file into `contents`. Bytes after the structure are an error.
    static func read(
        _ bytes: UnsafeBufferPointer<UInt8>, passwords: [String], context: OpenSSLContext?, into contents: inout BundleContents
    ) throws(CertificateBundle.Unreadable) -> CertificateBundle.Format {
        try checkSize(bytes)
        if let certificate = DER.parse(bytes, d2i_X509, releasedBy: X509_free) {
            defer { X509_free(certificate) }
            contents.add(certificate: certificate)
            return .der
        }
        if let list = DER.parse(bytes, d2i_X509_CRL, releasedBy: X509_CRL_free) {
            defer { X509_CRL_free(list) }
            contents.add(list: list)
            return .crl
        }
        if try SignedDataReader.read(bytes, into: &contents) { return .pkcs7 }
        if agent_pkcs12_shape(bytes.baseAddress, bytes.count) != 0 {
            var reader = PKCS12Reader(passwords: passwords, context: context ?? .shared, iterations: contents.iterations)
            try reader.read(bytes, into: &contents)
            return .pkcs12
        }
        if isOfAnotherKind(bytes) {
            throw Unreadable(.notCertificates, "DER of another kind, such as a private key, a request or an OCSP response")
        }
        throw Unreadable(.malformed, "DER that is neither a certificate, a revocation list, PKCS#7 nor PKCS#12, or is damaged")
    }

    /// Whether it begins as a private key (a number) or an OCSP response (an enumeration) does, or is a certificate request.
    private static func isOfAnotherKind(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let lengthSize = bytes.count > 1 && bytes[1] > 0x80 ? Int(bytes[1] & 0x7F) : 0
        let first = bytes.dropFirst(2 + lengthSize).first
        if first == 0x02 || first == 0x0A { return true }
        guard let request = DER.parse(bytes, d2i_X509_REQ, releasedBy: X509_REQ_free) else { return false }
        X509_REQ_free(request)
        return true
    }

    private static func checkSize(_ bytes: UnsafeBufferPointer<UInt8>) throws(Unreadable) {
        let size: Int?
        do throws(DER.NotSequence) { size = try DER.sequenceSize(bytes) } catch {
            throw Unreadable(.notCertificates, "neither PEM, DER, PKCS#7, PKCS#12 nor a Java key store")
        }
        guard let size else { return }
        // So short a length is rather text, or another kind of data, than a certificate that is damaged.
        if size != bytes.count, bytes.count > 1, bytes[1] < 0x80 {
            throw Unreadable(.notCertificates, "neither PEM, DER, PKCS#7, PKCS#12 nor a Java key store")
        }
        if size > bytes.count { throw Unreadable(.malformed, "DER of \(size) bytes that ends after \(bytes.count)") }
        if size < bytes.count { throw Unreadable(.malformed, "DER of \(size) bytes with \(bytes.count - size) other bytes after it") }
    }
}
