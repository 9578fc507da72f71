import Addresses
import CLdns
import FoundationEssentials

/// A record in the presentation format of blackbox_exporter's DNS library, so that modules' expressions match.
enum RecordText {
    /// Formatters for fields that ldns formats differently, by record type and field index.
    private static let fields: [UInt32: [Int: @Sendable (Field) -> String]] = [
        LDNS_RR_TYPE_DS.rawValue: [3: upper], LDNS_RR_TYPE_CDS.rawValue: [3: upper], LDNS_RR_TYPE_DLV.rawValue: [3: upper],
        LDNS_RR_TYPE_TA.rawValue: [3: upper], LDNS_RR_TYPE_SSHFP.rawValue: [2: upper], LDNS_RR_TYPE_NSEC3PARAM.rawValue: [3: upper],
        LDNS_RR_TYPE_NSEC3.rawValue: [3: upper, 4: upper], LDNS_RR_TYPE_L64.rawValue: [1: upper],
        LDNS_RR_TYPE_CERT.rawValue: [2: algorithm], LDNS_RR_TYPE_X25.rawValue: [0: unquoted],
        LDNS_RR_TYPE_SVCB.rawValue: [2: parameters], LDNS_RR_TYPE_HTTPS.rawValue: [2: parameters],
    ]

    private typealias Field = UnsafeMutablePointer<ldns_rdf>

    /// Name, TTL, class, type and data, separated by tabs.
    static func line(_ record: UnsafeMutablePointer<ldns_rr>) -> String {
        guard let written = agent_record_text(record) else { return "" }
        defer { free(written) }
        var line = String(cString: written)[...]
        // ldns adds a line break, and a space after lists of types.
        while line.last == "\n" || line.last == " " { line.removeLast() }
        let parts = line.split(separator: "\t", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5 else { return String(line) }
        let data = data(record) ?? String(parts[4].replacing("\t", with: "\\009"))
        return parts[..<4].joined(separator: "\t") + "\t" + data
    }

    /// nil if ldns's format needs no changes.
    private static func data(_ record: UnsafeMutablePointer<ldns_rr>) -> String? {
        guard let ours = fields[ldns_rr_get_type(record).rawValue] else { return nil }
        let all = (0..<ldns_rr_rd_count(record)).compactMap { ldns_rr_rdf(record, $0) }
        return all.enumerated().map { (ours[$0] ?? text)($1) }.filter { !$0.isEmpty }.joined(separator: " ")
    }

    @Sendable private static func text(_ field: Field) -> String {
        guard let written = ldns_rdf2str(field) else { return "" }
        defer { free(written) }
        var text = String(cString: written)[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    @Sendable private static func upper(_ field: Field) -> String { text(field).uppercased() }

    @Sendable private static func unquoted(_ field: Field) -> String { text(field).replacing("\"", with: "") }

    /// The algorithm's name, or its number if it has none.
    @Sendable private static func algorithm(_ field: Field) -> String {
        let number = text(field)
        guard let id = Int32(number), let name = ldns_lookup_by_id(agent_algorithms(), id)?.pointee.name else { return number }
        return String(cString: name)
    }

    // MARK: SVCB and HTTPS

    private static let keys = ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp"]

    private static func name(_ key: Int) -> String { keys.indices.contains(key) ? keys[key] : "key\(key)" }

    /// RFC 9460: a key and a length of two bytes each, followed by the value.
    @Sendable private static func parameters(_ field: Field) -> String {
        var rest = [UInt8](UnsafeRawBufferPointer(start: ldns_rdf_data(field), count: ldns_rdf_size(field)))[...]
        var words: [String] = []
        while rest.count >= 4 {
            let (key, length) = (number(rest), number(rest.dropFirst(2)))
            rest = rest.dropFirst(4)
            words.append("\(name(key))=\"\(value(key, Array(rest.prefix(length))))\"")
            rest = rest.dropFirst(length)
        }
        return words.joined(separator: " ")
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.prefix(2).reduce(0) { $0 << 8 | Int($1) } }

    private static func value(_ key: Int, _ bytes: [UInt8]) -> String {
        switch name(key) {
        case "mandatory": pieces(bytes, of: 2).map { name(number($0)) }.joined(separator: ",")
        case "alpn": identifiers(bytes).joined(separator: ",")
        case "port": String(number(bytes[...]))
        case "ipv4hint", "ipv6hint":
            pieces(bytes, of: name(key) == "ipv4hint" ? 4 : 16).compactMap { NetworkAddress(bytes: Array($0))?.description }
                .joined(separator: ",")
        case "ech": Data(bytes).base64EncodedString()
        default: printable(bytes[...])
        }
    }

    private static func pieces(_ bytes: [UInt8], of size: Int) -> [ArraySlice<UInt8>] {
        stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
    }

    private static func identifiers(_ bytes: [UInt8]) -> [String] {
        var rest = bytes[...]
        var all: [String] = []
        while let length = rest.popFirst() {
            all.append(printable(rest.prefix(Int(length))))
            rest = rest.dropFirst(Int(length))
        }
        return all
    }

    private static func printable(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { byte in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): "\\" + String(UnicodeScalar(byte))
            case 0x20...0x7E: String(UnicodeScalar(byte))
            default: "\\" + String(1000 + Int(byte)).dropFirst()
            }
        }.joined()
    }
}
