import CCurl

/// Reads a PKCS#12 file: its integrity is verified first, then each of its parts is decrypted.
struct PKCS12Reader {
    private typealias Unreadable = CertificateBundle.Unreadable

    /// The maximum number of iterations of a digest that one file, or all of one document, may ask for: about a second.
    static let iterationLimit: Int64 = 2_000_000
    /// The maximum length of a name, in bytes; a longer one is cut.
    private static let nameLimit = 1024
    /// How deeply bags may contain bags.
    private static let depthLimit = 8

    private let context: OpenSSLContext
    /// The one that opened a part last is first.
    private var passwords: [PKCS12Password]
    private let givenCount: Int
    private var iterations: Int64

    /// - Parameter iterations: what was asked for before.
    init(passwords: [String], context: OpenSSLContext, iterations: Int64) {
        self.context = context
        self.iterations = iterations
        self.passwords = PKCS12Password.candidates(passwords)
        givenCount = passwords.count
    }

    /// Reads the file into `contents`.
    mutating func read(
        _ bytes: UnsafeBufferPointer<UInt8>, into contents: inout BundleContents
    ) throws(CertificateBundle.Unreadable) {
        defer { contents.iterations = iterations }
        guard agent_pkcs12_shape(bytes.baseAddress, bytes.count) == 1 else {
            throw Unreadable(.unsupported, "PKCS#12 without content, or signed with a public key")
        }
        var file = PKCS12_init_ex(NID_pkcs7_data, context.pointer, nil)
        defer { PKCS12_free(file) }
        var cursor = bytes.baseAddress
        guard d2i_PKCS12(&file, &cursor, bytes.count) != nil, DER.isEnd(cursor, of: bytes) else {
            throw Unreadable(.malformed, "PKCS#12 that is damaged")
        }
        if PKCS12_mac_present(file) == 1 { try verify(file) }
        guard let safes = PKCS12_unpack_authsafes(file) else { throw Unreadable(.malformed, "PKCS#12 with damaged content") }
        defer { agent_safes_free(safes) }
        for index in 0..<agent_safes_count(safes) {
            guard let safe = agent_safe_at(safes, index) else { continue }
            try read(safe, into: &contents)
        }
    }

    private mutating func verify(_ file: OpaquePointer?) throws(Unreadable) {
        var count: Int64 = 0
        let algorithm = agent_pkcs12_check(file, &count)
        guard context.hasDigest(algorithm) else {
            let name = OBJ_nid2ln(algorithm).map { String(cString: $0) } ?? "unknown"
            throw Unreadable(.unsupported, "PKCS#12 with an integrity check that is not supported: \(name)")
        }
        try allow(count)
        guard open({ PKCS12_verify_mac(file, $0, $1) == 1 ? true : nil }) != nil else { throw locked }
    }

    /// Reads one of the parts that are encrypted separately.
    private mutating func read(
        _ safe: UnsafeMutablePointer<PKCS7>, into contents: inout BundleContents
    ) throws(Unreadable) {
        let bags: OpaquePointer
        if agent_safe_is_plain(safe) == 1 {
            guard let plain = PKCS12_unpack_p7data(safe) else { return addDamaged(to: &contents) }
            bags = plain
        } else if let algorithm = agent_safe_encryption(safe) {
            try allow(algorithm)
            guard let decrypted = open({ PKCS12_unpack_p7encdata(safe, $0, $1) }) else { throw locked }
            bags = decrypted
        } else {
            return addDamaged(to: &contents)
        }
        defer { agent_bags_free(bags) }
        read(bags: bags, depth: 0, into: &contents)
    }

    private func addDamaged(to contents: inout BundleContents) {
        if contents.hasRoom() { contents.add(problem: "content that is damaged, or encrypted with a public key") }
    }

    private mutating func read(bags: OpaquePointer?, depth: Int, into contents: inout BundleContents) {
        for index in 0..<agent_bags_count(bags) {
            guard let bag = agent_bag_at(bags, index) else { continue }
            let name = Self.name(of: bag)
            switch PKCS12_SAFEBAG_get_nid(bag) {
            case NID_certBag where contents.hasRoom():
                let certificate = PKCS12_SAFEBAG_get1_cert(bag)
                defer { X509_free(certificate) }
                if let certificate {
                    contents.add(certificate: certificate, named: name)
                } else {
                    contents.add(problem: "not a readable certificate", named: name)
                }
            case NID_crlBag where contents.hasRoom():
                let list = PKCS12_SAFEBAG_get1_crl(bag)
                defer { X509_CRL_free(list) }
                if let list {
                    contents.add(list: list, named: name)
                } else {
                    contents.add(problem: "not a readable revocation list", named: name)
                }
            case NID_keyBag where contents.hasRoom(parsingKey: true):
                add(key: PKCS12_SAFEBAG_get0_p8inf(bag), named: name, to: &contents)
            case NID_pkcs8ShroudedKeyBag where contents.hasRoom(parsingKey: true):
                addEncryptedKey(bag, named: name, to: &contents)
            case NID_safeContentsBag where depth < Self.depthLimit:
                read(bags: PKCS12_SAFEBAG_get0_safes(bag), depth: depth + 1, into: &contents)
            case NID_safeContentsBag where contents.hasRoom(): contents.add(problem: "nested too deeply", named: name)
            default: break
            }
        }
    }

    private mutating func addEncryptedKey(_ bag: OpaquePointer, named name: String?, to contents: inout BundleContents) {
        guard let algorithm = agent_bag_encryption(bag) else { return contents.add(problem: "a damaged private key", named: name) }
        do throws(Unreadable) { try allow(algorithm) } catch { return contents.add(problem: error.description, named: name) }
        let library = context.pointer
        guard let key = open({ PKCS12_decrypt_skey_ex(bag, $0, $1, library, nil) }) else { return contents.add(keyFor: nil, named: name) }
        defer { PKCS8_PRIV_KEY_INFO_free(key) }
        add(key: key, named: name, to: &contents)
    }

    private func add(key: OpaquePointer?, named name: String?, to contents: inout BundleContents) {
        if let publicKey = key.flatMap(PublicKeyEncoding.ofPrivateKey) {
            contents.add(keyFor: publicKey, named: name)
        } else {
            contents.add(problem: "a private key that is damaged or of a type that is not supported", named: name)
        }
    }

    /// Calls a function with each password until it returns something.
    private mutating func open<Content>(_ body: (UnsafePointer<CChar>?, Int32) -> Content?) -> Content? {
        for index in passwords.indices {
            guard let content = passwords[index].use(body) else { continue }
            passwords.swapAt(0, index)
            return content
        }
        return nil
    }

    private var locked: Unreadable {
        switch givenCount {
        case 0: Unreadable(.passwordNeeded, "PKCS#12 that needs a password")
        case 1: Unreadable(.passwordWrong, "PKCS#12 that the password does not open")
        default: Unreadable(.passwordWrong, "PKCS#12 that none of the \(givenCount) passwords opens")
        }
    }

    /// - Throws: where the algorithm is not available, or takes too long.
    private mutating func allow(_ algorithm: UnsafePointer<X509_ALGOR>) throws(Unreadable) {
        var count: Int64 = 0
        let cipher = agent_password_cipher(algorithm, &count)
        guard cipher != NID_undef, let name = OBJ_nid2sn(cipher) else {
            throw Unreadable(.unsupported, "PKCS#12 that is encrypted in a way that is not supported")
        }
        guard context.hasCipher(cipher) else {
            throw Unreadable(.unsupported, "PKCS#12 that is encrypted with \(String(cString: name)), \(context.reasonOfAbsence)")
        }
        try allow(count)
    }

    private mutating func allow(_ count: Int64) throws(Unreadable) {
        guard (0...Self.iterationLimit - iterations).contains(count) else {
            let asked = count < 0 ? "an unreadable number of" : count > Self.iterationLimit ? "\(count)" : "\(iterations + count)"
            throw Unreadable(
                .tooLarge, "PKCS#12 that asks for \(asked) iterations of a digest, at most \(Self.iterationLimit) are computed")
        }
        iterations += count
    }

    /// The friendly name, also known as the alias; nil if there is none.
    private static func name(of bag: OpaquePointer) -> String? {
        var length: Int32 = 0
        guard let start = agent_bag_name(bag, &length), length > 1 else { return nil }
        let bytes = UnsafeBufferPointer(start: start, count: Int(length))
        let units = stride(from: 0, to: min(bytes.count, nameLimit) - 1, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        return String(decoding: units, as: UTF16.self)
    }
}
