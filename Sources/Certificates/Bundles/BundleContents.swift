import CCurl

/// What has been read of a file so far, in its order.
struct BundleContents {
    /// The maximum number of parts of one file: certificates, revocation lists, private keys, and what is unreadable.
    static let partLimit = 20_000
    /// The maximum number of private keys that are parsed, which may take a millisecond each.
    static let keyLimit = 1_000

    private struct Encoding: Hashable {
        var bytes: [UInt8]

        /// An array hashes each byte on its own, which takes ten times as long.
        func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }
    }

    private var entries: [CertificateBundle.Entry] = []
    private var lists: [CertificateBundle.RevocationList] = []
    private var keys: [(key: CertificateBundle.Key, publicKey: [UInt8]?)] = []
    private var problems: [String] = []
    private var count = 0
    private var parsedKeyCount = 0
    private var leftOut = 0
    private var partNames = UniqueNames()
    private var keyNames = UniqueNames()
    /// How many iterations of a digest PKCS#12 has asked for in the whole document.
    var iterations: Int64 = 0
    /// Of the value of a document that is being read; nil if a file is.
    var origin: CertificateBundle.Origin?
    /// By their DER: in a key store, many chains have the same issuers.
    private var known: [Encoding: CertificateFacts] = [:]

    init() {}

    /// For the next values of the same document, with names that differ from those of the previous ones.
    init(after previous: BundleContents) {
        (partNames, keyNames, iterations) = (previous.partNames, previous.keyNames, previous.iterations)
    }

    /// Whether a further part may be added; if not, it is counted as left out, and the caller goes on to the next.
    /// - Parameter isKey: whether it is a private key that will be parsed.
    mutating func hasRoom(parsingKey isKey: Bool = false) -> Bool {
        guard count < Self.partLimit, !isKey || parsedKeyCount < Self.keyLimit else {
            leftOut += 1
            return false
        }
        if isKey { parsedKeyCount += 1 }
        return true
    }

    /// Adds an OpenSSL `X509` object, which remains owned by the caller.
    mutating func add(certificate: OpaquePointer, named name: String? = nil) {
        let part = nextPart(name)
        add(CertificateFacts(certificate), part)
    }

    /// Adds the certificate that is encoded in all of the bytes; a problem if there is none.
    mutating func add(certificateIn der: UnsafeBufferPointer<UInt8>, named name: String? = nil) {
        let part = nextPart(name)
        let encoding = Encoding(bytes: Array(der))
        if let facts = known[encoding] { return add(facts, part) }
        guard let certificate = DER.parse(der, d2i_X509, releasedBy: X509_free) else {
            return problems.append("part \(part): not a complete certificate")
        }
        defer { X509_free(certificate) }
        let facts = CertificateFacts(certificate)
        known[encoding] = facts
        add(facts, part)
    }

    private mutating func add(_ facts: CertificateFacts?, _ part: String) {
        guard let facts else { return problems.append("part \(part): a certificate with unreadable fields") }
        entries.append(CertificateBundle.Entry(part: part, facts: facts, origin: origin))
    }

    /// Adds an OpenSSL `X509_CRL` object, which remains owned by the caller.
    mutating func add(list: OpaquePointer, named name: String? = nil) {
        let part = nextPart(name)
        guard let list = CertificateBundle.RevocationList(list, part: part) else {
            return problems.append("part \(part): a revocation list with unreadable dates")
        }
        lists.append(list)
    }

    /// Adds a private key.
    /// - Parameter publicKey: in the form of `PublicKeyEncoding`; nil for a key that could not be decrypted.
    mutating func add(keyFor publicKey: [UInt8]?, named name: String? = nil) {
        count += 1
        let key = CertificateBundle.Key(part: keyNames.unique(partName(name)), matches: nil, isEncrypted: publicKey == nil)
        keys.append((key, publicKey))
    }

    /// Adds a part that cannot be read.
    mutating func add(problem clause: String, named name: String? = nil) {
        count += 1
        problems.append("part \(partName(name)): \(clause)")
    }

    /// All of it, with each private key assigned to its certificate.
    func bundle(_ format: CertificateBundle.Format) -> CertificateBundle {
        var owners: [[UInt8]: String] = [:]
        if keys.contains(where: { $0.publicKey != nil }) {
            for entry in entries {
                guard let publicKey = PublicKeyEncoding.ofCertificate(entry.facts.der), owners[publicKey] == nil else { continue }
                owners[publicKey] = entry.part
            }
        }
        let matched = keys.map { key, publicKey in
            var key = key
            key.matches = publicKey.flatMap { owners[$0] }
            return key
        }
        let limits = "at most \(Self.partLimit) parts and \(Self.keyLimit) private keys of one file are read"
        return CertificateBundle(
            format: format, entries: entries, lists: lists, keys: matched,
            problems: problems + (leftOut == 0 ? [] : ["\(leftOut) further parts are left out: \(limits)"]))
    }

    private mutating func nextPart(_ name: String?) -> String {
        count += 1
        return partNames.unique(partName(name))
    }

    private func partName(_ name: String?) -> String {
        guard let origin else { return name ?? "\(count)" }
        return name.map { "\(origin) \($0)" } ?? origin.description
    }
}
