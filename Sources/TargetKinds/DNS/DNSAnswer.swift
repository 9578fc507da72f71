import CLdns

/// A DNS response, parsed by ldns.
struct DNSAnswer: Sendable {
    enum Section: CaseIterable {
        case answer, authority, additional
    }

    enum Unusable: Error {
        /// Not a response to the query: another ID, another question, or not a response at all.
        case mismatchedReply
        /// ldns's error message.
        case malformed(String)
    }

    let code: ResponseCode
    /// Whether the TC flag is set.
    let isTruncated: Bool
    /// By section, in presentation format, tab-separated: name, TTL, class, type, data.
    let records: [Section: [String]]
    /// The number of additional pseudo-records (EDNS, TSIG), which are counted but not printed.
    let unprinted: Int
    /// The serial of the SOA record in the answer section; nil if there is none.
    let serial: UInt32?

    /// - Parameter question: the query message that was sent.
    init(_ bytes: [UInt8], to question: [UInt8]) throws(Unusable) {
        guard bytes.prefix(2) == question.prefix(2) else { throw .mismatchedReply }
        let packet = try Self.read(bytes)
        defer { ldns_pkt_free(packet) }
        let asked = try Self.read(question)
        defer { ldns_pkt_free(asked) }
        // EDNS contains the upper bits of the code.
        code = ResponseCode(number: Int(ldns_pkt_edns_extended_rcode(packet)) << 4 | Int(ldns_pkt_get_rcode(packet).rawValue))
        guard ldns_pkt_qr(packet) != 0, Self.repeats(packet, asked, isRefusal: code != .noError) else { throw .mismatchedReply }
        isTruncated = ldns_pkt_tc(packet) != 0
        let lists: [(Section, UnsafeMutablePointer<ldns_rr_list>?)] = [
            (.answer, ldns_pkt_answer(packet)), (.authority, ldns_pkt_authority(packet)), (.additional, ldns_pkt_additional(packet)),
        ]
        records = Dictionary(uniqueKeysWithValues: lists.map { ($0, Self.records($1).map(RecordText.line)) })
        unprinted = (ldns_pkt_edns(packet) == 0 ? 0 : 1) + (ldns_pkt_tsig(packet) == nil ? 0 : 1)
        serial = Self.records(ldns_pkt_answer(packet)).last { ldns_rr_get_type($0) == LDNS_RR_TYPE_SOA }
            .flatMap { ldns_rr_rdf($0, 2) }.map { ldns_rdf2native_int32($0) }
    }

    func count(_ section: Section) -> Int { (records[section]?.count ?? 0) + (section == .additional ? unprinted : 0) }

    private static func read(_ bytes: [UInt8]) throws(Unusable) -> UnsafeMutablePointer<ldns_pkt> {
        var packet: UnsafeMutablePointer<ldns_pkt>?
        let status = ldns_wire2pkt(&packet, bytes, bytes.count)
        guard status == LDNS_STATUS_OK, let packet else {
            throw .malformed(ldns_get_errorstr_by_id(status).map { String(cString: $0) } ?? "unreadable")
        }
        return packet
    }

    /// Whether the response repeats the question; in an error response, the question section may be empty.
    private static func repeats(
        _ answer: UnsafeMutablePointer<ldns_pkt>, _ question: UnsafeMutablePointer<ldns_pkt>, isRefusal: Bool
    ) -> Bool {
        let (repeated, asked) = (records(ldns_pkt_question(answer)), records(ldns_pkt_question(question)))
        if repeated.isEmpty { return isRefusal }
        return repeated.count == asked.count && zip(repeated, asked).allSatisfy { ldns_rr_compare_no_rdata($0, $1) == 0 }
    }

    private static func records(_ list: UnsafeMutablePointer<ldns_rr_list>?) -> [UnsafeMutablePointer<ldns_rr>] {
        guard let list else { return [] }
        return (0..<ldns_rr_list_rr_count(list)).compactMap { ldns_rr_list_rr(list, $0) }
    }
}
