import CCurl

/// Reads PKCS#7, and its successor CMS: the certificates and revocation lists of signed data, which often is without signatures.
enum SignedDataReader {
    private static let otherTypes: Set<Int32> = [
        NID_pkcs7_data, NID_pkcs7_enveloped, NID_pkcs7_signedAndEnveloped, NID_pkcs7_digest, NID_pkcs7_encrypted,
    ]

    /// Adds what is encoded in all of the bytes to `contents`. False if they are something else.
    /// - Throws: where they are data of another type.
    static func read(
        _ der: UnsafeBufferPointer<UInt8>, into contents: inout BundleContents
    ) throws(CertificateBundle.Unreadable) -> Bool {
        guard let file = DER.parse(der, d2i_PKCS7, releasedBy: PKCS7_free) else { return readCMS(der, into: &contents) }
        defer { PKCS7_free(file) }
        if agent_pkcs7_is_signed(file) == 1 {
            add(certificates: agent_pkcs7_certificates(file), lists: agent_pkcs7_lists(file), to: &contents)
            return true
        }
        guard !otherTypes.contains(OBJ_obj2nid(file.pointee.type)) else {
            throw CertificateBundle.Unreadable(.unsupported, "PKCS#7 without signed data")
        }
        return false
    }

    /// Signatures of later versions of CMS cannot be read as PKCS#7.
    private static func readCMS(_ der: UnsafeBufferPointer<UInt8>, into contents: inout BundleContents) -> Bool {
        guard let file = DER.parse(der, d2i_CMS_ContentInfo, releasedBy: CMS_ContentInfo_free) else { return false }
        defer { CMS_ContentInfo_free(file) }
        guard OBJ_obj2nid(CMS_get0_type(file)) == NID_pkcs7_signed else { return false }
        let certificates = CMS_get1_certs(file)
        let lists = CMS_get1_crls(file)
        defer {
            agent_chain_free(certificates)
            agent_lists_free(lists)
        }
        add(certificates: certificates, lists: lists, to: &contents)
        return true
    }

    private static func add(certificates: OpaquePointer?, lists: OpaquePointer?, to contents: inout BundleContents) {
        for index in 0..<agent_chain_count(certificates) where contents.hasRoom() {
            guard let certificate = agent_chain_at(certificates, index) else { continue }
            contents.add(certificate: certificate)
        }
        for index in 0..<agent_lists_count(lists) where contents.hasRoom() {
            guard let list = agent_list_at(lists, index) else { continue }
            contents.add(list: list)
        }
    }
}
