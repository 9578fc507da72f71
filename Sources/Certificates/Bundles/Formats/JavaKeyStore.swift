/// Reads Java key stores in the formats JKS and JCEKS.
///
/// Their certificates are not encrypted. The end of the file is a SHA-1 digest of the password and everything before.
struct JavaKeyStore {
    private typealias Unreadable = CertificateBundle.Unreadable

    private static let digestSize = 20
    /// Of a certificate in version 1 without content: its type, alias, date and length.
    private static let smallestEntry = 4 + 2 + 8 + 4
    /// The maximum length of an alias, in bytes; a longer one is cut, because it is repeated for each certificate of its chain.
    private static let aliasLimit = 1024

    let format: CertificateBundle.Format
    private let bytes: UnsafeBufferPointer<UInt8>
    /// Where the digest begins.
    private let end: Int
    private var position = 4
    private var version = 0
    /// What is being read, for errors: `entry 3 of 10`.
    private var place = "the header"

    /// Nil for a file that does not begin as a key store does.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        if bytes.starts(with: [0xFE, 0xED, 0xFE, 0xED]) {
            format = .jks
        } else if bytes.starts(with: [0xCE, 0xCE, 0xCE, 0xCE]) {
            format = .jceks
        } else {
            return nil
        }
        self.bytes = bytes
        end = bytes.count - Self.digestSize
    }

    private var name: String { format == .jks ? "JKS" : "JCEKS" }

    /// Reads the key store into `contents`. Its integrity is verified if there is a password.
    mutating func read(passwords: [String], into contents: inout BundleContents) throws(CertificateBundle.Unreadable) {
        version = try number()
        guard version == 1 || version == 2 else { throw Unreadable(.unsupported, "\(name) of version \(version)") }
        let count = try number()
        guard count <= (end - position) / Self.smallestEntry else {
            throw Unreadable(.malformed, "\(name) of \(bytes.count) bytes that claims to have \(count) entries")
        }
        var isComplete = true
        for index in 0..<count where isComplete {
            place = "entry \(index + 1) of \(count)"
            isComplete = try readEntry(index, of: count, into: &contents)
        }
        if isComplete, position != end { throw Unreadable(.malformed, "\(name) with \(end - position) other bytes after its entries") }
        try verify(passwords)
    }

    /// False if the entries after it cannot be found.
    private mutating func readEntry(
        _ index: Int, of count: Int, into contents: inout BundleContents
    ) throws(Unreadable) -> Bool {
        let type = try number()
        let alias = ModifiedUTF8.decode(try take(try number(bytes: 2)).prefix(Self.aliasLimit))
        _ = try take(8)
        switch type {
        case 1:
            _ = try take(try number())
            if contents.hasRoom() { contents.add(keyFor: nil, named: alias) }
            for link in 0..<(try number()) {
                try readCertificate(link, of: alias, into: &contents)
            }
        case 2: try readCertificate(0, of: alias, into: &contents)
        case 3 where format == .jceks:
            contents.add(
                problem: "a secret key, of unknown length: it and \(count - index - 1) entries after it are left out", named: alias)
            return false
        default: throw Unreadable(.malformed, "\(name) with an unknown type of entry, \(type), as \(place)")
        }
        return true
    }

    /// - Parameter link: its position in the chain of the entry.
    private mutating func readCertificate(_ link: Int, of alias: String, into contents: inout BundleContents) throws(Unreadable) {
        let type = version == 1 ? "X.509" : ModifiedUTF8.decode(try take(try number(bytes: 2)).prefix(40))
        let der = try take(try number())
        guard contents.hasRoom() else { return }
        let name = link == 0 ? alias : "\(alias) \(link + 1)"
        if type == "X.509" || type == "X509" {
            contents.add(certificateIn: der, named: name)
        } else {
            contents.add(problem: "a certificate of another type: \(type)", named: name)
        }
    }

    private func verify(_ passwords: [String]) throws(Unreadable) {
        let digest = Array(bytes[end...])
        let isIntact = passwords.contains { password in
            let characters = password.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
            return Digest.sha1.of(characters + Array("Mighty Aphrodite".utf8) + bytes[..<end]) == digest
        }
        guard !passwords.isEmpty, !isIntact else { return }
        let which = passwords.count == 1 ? "the password" : "each of the \(passwords.count) passwords"
        throw Unreadable(.passwordWrong, "\(name) whose digest does not fit \(which): another password, or damage")
    }

    /// An unsigned number, most significant byte first.
    private mutating func number(bytes count: Int = 4) throws(Unreadable) -> Int {
        try take(count).reduce(0) { $0 << 8 | Int($1) }
    }

    private mutating func take(_ count: Int) throws(Unreadable) -> UnsafeBufferPointer<UInt8> {
        guard count <= end - position else { throw Unreadable(.malformed, "\(name) that ends within \(place)") }
        defer { position += count }
        return UnsafeBufferPointer(rebasing: bytes[position..<position + count])
    }
}
