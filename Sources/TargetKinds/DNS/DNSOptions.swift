import Probing

/// The options of blackbox_exporter's `dns` modules.
struct DNSOptions: Sendable {
    enum Transport: String, CaseIterable, Sendable {
        case udp, tcp
    }

    var address: AddressOptions
    var transport: Transport
    var isTLS: Bool
    var tls: TLSOptions
    /// nil if the options are invalid.
    var question: DNSQuestion?
    var accepted: Set<ResponseCode>
    var rules: [DNSAnswer.Section: RecordRules]

    /// The port of a target without one.
    var defaultPort: UInt16 { isTLS ? 853 : 53 }

    init(_ reader: SettingsReader, _ services: TargetServices) {
        address = AddressOptions(reader, hasSource: true)
        let isTLS = reader.bool("dns_over_tls") ?? false
        let transport = reader.choice("transport_protocol", Transport.self)
        if isTLS, transport == .udp {
            reader.error("'dns_over_tls' needs 'transport_protocol: tcp'", at: reader.location(of: "transport_protocol"))
        }
        self.isTLS = isTLS
        self.transport = transport ?? (isTLS ? .tcp : .udp)
        tls = TLSOptions(reader.mapping("tls_config"), services)
        question = Self.question(reader)
        accepted = Self.accepted(reader)
        rules = Dictionary(
            uniqueKeysWithValues: DNSAnswer.Section.allCases.map { section in
                (section, reader.mapping(section.option).map { RecordRules($0) } ?? RecordRules())
            })
    }

    private static func question(_ reader: SettingsReader) -> DNSQuestion? {
        let name = reader.string("query_name") ?? ""
        let type = reader.text("query_type", default: "ANY")
        let queryClass = reader.text("query_class", default: "IN")
        let recursionDesired = reader.bool("recursion_desired") ?? true
        guard !name.isEmpty else {
            reader.error("a dns probe needs 'query_name', the name to query", at: reader.location(of: "query_name"))
            return nil
        }
        do throws(DNSQuestion.Invalid) {
            return try DNSQuestion(name: name, type: type, queryClass: queryClass, recursionDesired: recursionDesired)
        } catch {
            let (key, expected, found) =
                switch error {
                case .name: ("query_name", "a domain name, with labels of 1 to 63 bytes", name)
                case .type: ("query_type", "a record type, such as A, MX, ANY or TYPE65280", type)
                case .queryClass: ("query_class", "IN, CH, HS, NONE, ANY or a number such as CLASS2", queryClass)
                }
            reader.error("'\(key)' must be \(expected), found '\(found)'", at: reader.location(of: key))
            return nil
        }
    }

    /// An empty list means the default, like an absent one.
    private static func accepted(_ reader: SettingsReader) -> Set<ResponseCode> {
        let names = reader.strings("valid_rcodes") ?? []
        let codes = names.compactMap { name in
            let code = ResponseCode(name)
            if code == nil {
                reader.error(
                    "'valid_rcodes' must be a list of \(ResponseCode.knownNames.joined(separator: ", ")); found '\(name)'",
                    at: reader.location(of: "valid_rcodes"))
            }
            return code
        }
        return codes.isEmpty ? [.noError] : Set(codes)
    }
}

extension DNSAnswer.Section {
    var option: String {
        switch self {
        case .answer: "validate_answer_rrs"
        case .authority: "validate_authority_rrs"
        case .additional: "validate_additional_rrs"
        }
    }

    var name: String {
        switch self {
        case .answer: "answer"
        case .authority: "authority"
        case .additional: "additional"
        }
    }
}

extension SettingsReader {
    /// A string whose empty value means the default.
    fileprivate func text(_ key: String, default fallback: String) -> String {
        string(key).flatMap { $0.isEmpty ? nil : $0 } ?? fallback
    }
}
