import CCurl

/// The certificates, revocation lists and private keys of one file of any supported format.
///
/// No signature has been verified, and nothing is said of dates. A bundle can be without certificates: a PKCS#12 file with a key alone, PEM
/// text with damaged blocks only.
package struct CertificateBundle: Sendable {
    /// The format of a file, recognised by its content.
    package enum Format: String, Sendable, CaseIterable {
        /// Any number of blocks of any type, among them PKCS#7 and revocation lists.
        case pem
        /// One certificate.
        case der
        /// Signed data, also without a signature (`.p7b`).
        case pkcs7
        case pkcs12
        case jks
        case jceks
        /// One revocation list in DER.
        case crl
        /// Several of these inside another document.
        case embedded
    }

    package struct Entry: Sendable, Hashable {
        /// Unique among the entries and lists of the file. The alias in a key store, followed by a number for the further certificates of
        /// its chain (`tomcat`, `tomcat 2`); the friendly name in PKCS#12; else the position in the file, from 1, where certificates,
        /// revocation lists, private keys and unreadable parts are counted.
        package var part: String
        package var facts: CertificateFacts
        /// Nil if it is not inside another document.
        package var origin: Origin?
    }

    /// A private key. Its parameters are not checked beyond its public key.
    package struct Key: Sendable, Hashable {
        /// Like that of an entry, and unique among the keys. In key stores and PKCS#12, most often that of its certificate too.
        package var part: String
        /// The part of the first certificate for the same public key; nil if the file has none, and where `isEncrypted`.
        package var matches: String?
        /// Whether it could not be decrypted. Passwords are tried on the keys of PKCS#12 only.
        package var isEncrypted: Bool
    }

    /// The maximum size of a file, in bytes.
    package static let sizeLimit = 64 << 20

    package var format: Format
    /// In the order of the file.
    package var entries: [Entry]
    /// In the order of the file.
    package var lists: [RevocationList]
    /// In the order of the file.
    package var keys: [Key]
    /// What could not be read while the rest could, in the order of the file: `part 3: the CERTIFICATE block in line 41 has no end`.
    package var problems: [String]

    /// Whether there is nothing to judge in it: no certificate, no revocation list, nothing unreadable.
    package var isEmpty: Bool { entries.isEmpty && lists.isEmpty && problems.isEmpty }

    /// Reads the contents of a file.
    ///
    /// Trying a password takes as much time as the file asks for, at most two million iterations of a digest for each password.
    /// - Parameter passwords: tried in this order on PKCS#12, which may also have an empty password or none, and on Java key stores, whose
    ///   integrity is verified only where there is one.
    /// - Throws: where nothing of the file can be read.
    package static func read(_ bytes: [UInt8], passwords: [String] = []) throws(Unreadable) -> CertificateBundle {
        try read(bytes, passwords: passwords, context: nil)
    }

    /// - Parameter context: OpenSSL's algorithms for PKCS#12; nil for those of the machine.
    static func read(_ bytes: [UInt8], passwords: [String], context: OpenSSLContext?) throws(Unreadable) -> CertificateBundle {
        defer { ERR_clear_error() }
        guard bytes.count <= sizeLimit else { throw Unreadable(.tooLarge, "\(bytes.count) bytes, at most \(sizeLimit) are read") }
        guard !bytes.isEmpty else { throw Unreadable(.notCertificates, "empty") }
        var contents = BundleContents()
        let format = try bytes.withUnsafeBufferPointer { (buffer) throws(Unreadable) in
            try read(buffer, passwords: passwords, context: context, into: &contents)
        }
        return contents.bundle(format)
    }

    static func read(
        _ bytes: UnsafeBufferPointer<UInt8>, passwords: [String], context: OpenSSLContext?, into contents: inout BundleContents
    ) throws(Unreadable) -> Format {
        if var store = JavaKeyStore(bytes) {
            try store.read(passwords: passwords, into: &contents)
            return store.format
        }
        // Text may begin as DER does. What is none is refused before anything is added.
        let before = DER.isSequence(bytes) ? contents : nil
        let reason: Unreadable
        do throws(Unreadable) {
            return try DERReader.read(bytes, passwords: passwords, context: context, into: &contents)
        } catch { reason = error }
        if var before {
            before.iterations = contents.iterations
            contents = before
        }
        if try PEMReader.read(bytes, into: &contents) { return .pem }
        throw reason
    }
}
