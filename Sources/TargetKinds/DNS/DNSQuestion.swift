import CLdns

/// A query message, built by ldns when the options are read.
struct DNSQuestion: Sendable {
    enum Invalid: Error {
        case name, type, queryClass
    }

    /// The complete message, with ID 0.
    private let template: [UInt8]
    /// Whether it queries the SOA record.
    let asksForSerial: Bool

    /// - Parameters:
    ///   - type: any type name known to ldns, or a number such as `TYPE65280`.
    ///   - queryClass: `IN`, `CH`, `HS`, `NONE`, `ANY`, or a number such as `CLASS2`.
    /// - Throws: which of the three arguments is invalid.
    init(name: String, type: String, queryClass: String, recursionDesired: Bool) throws(Invalid) {
        let (type, queryClass) = (ldns_get_rr_type_by_name(type), ldns_get_rr_class_by_name(queryClass))
        guard (1...0xFFFF).contains(type.rawValue) else { throw .type }
        guard (1...0xFFFF).contains(queryClass.rawValue) else { throw .queryClass }
        guard let owner = ldns_dname_new_frm_str(name) else { throw .name }
        guard let packet = ldns_pkt_query_new(owner, type, queryClass, recursionDesired ? UInt16(LDNS_RD) : 0) else {
            ldns_rdf_deep_free(owner)
            throw .name
        }
        defer { ldns_pkt_free(packet) }
        var wire: UnsafeMutablePointer<UInt8>?
        var count = 0
        guard ldns_pkt2wire(&wire, packet, &count) == LDNS_STATUS_OK, let wire, count > 12 else { throw .name }
        defer { free(wire) }
        template = [0, 0] + UnsafeBufferPointer(start: wire, count: count).dropFirst(2)
        asksForSerial = type == LDNS_RR_TYPE_SOA
    }

    /// The message with a random ID.
    func message() -> [UInt8] {
        let id = UInt16.random(in: 0...UInt16.max)
        return [UInt8(id >> 8), UInt8(truncatingIfNeeded: id)] + template.dropFirst(2)
    }
}
