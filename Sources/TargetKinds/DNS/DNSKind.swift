import Outbound
import Probing

/// `dns`: one query to a DNS server, and rules for its response.
struct DNSKind: ProbeKind {
    static let name = "dns"
    let aim = KindAim.targets
    private let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is a DNS server: host or host:port (default port 53, or 853 with 'dns_over_tls'). One query is sent to one of its addresses, over UDP, TCP or TLS.",
            "Datagrams that do not match the query are ignored. A truncated response is used as it is: the query is not repeated over TCP.",
            "The response code must be one of 'valid_rcodes'. Then the rules of each section are applied to its records as text: name, TTL, class, type and data, separated by tabs.",
            "'fail_if_all_match_regexp' works as in blackbox_exporter: the probe fails unless every record matches each of its expressions.",
        ],
        stages: [.resolve, .connect, .tls, .endpoint],
        metrics: ResolutionFacts.metrics + DNSFacts.metrics + TLSFacts.metrics,
        reasons: .target + [.dnsFailed] + .connection + .tls + [.dnsRcode, .answerUnexpected, .httpMalformed],
        options: AddressOptions.guide(hasSource: true) + [
            .init("transport_protocol", "udp or tcp (default udp, with 'dns_over_tls' tcp)", settableThroughAgent: true),
            .init("dns_over_tls", "query over TLS (default false)", settableThroughAgent: true),
            TLSOptions.guide,
            .init("query_name", "name to query", settableThroughAgent: false),
            .init("query_type", "record type to query (default ANY)", settableThroughAgent: true),
            .init("query_class", "record class to query (default IN)", settableThroughAgent: true),
            .init("recursion_desired", "request recursion (default true)", settableThroughAgent: true),
            .init("valid_rcodes", "accepted response codes (default NOERROR)", settableThroughAgent: true),
        ]
            + DNSAnswer.Section.allCases.map { section in
                .init(
                    section.option,
                    "rules for the \(section.name) section: fail_if_matches_regexp, fail_if_all_match_regexp, fail_if_not_matches_regexp, fail_if_none_matches_regexp",
                    settableThroughAgent: false)
            })

    func readOptions(_ reader: SettingsReader) -> DNSOptions { DNSOptions(reader, services) }

    func discover(_ options: DNSOptions, at place: Place) -> Discovery {
        guard let target = place.target else { return .notDefined(.needsTarget) }
        guard let question = options.question else {
            return .notDefined(NotDefined(because: "its options set no 'query_name'", configured: "set 'query_name' in its options"))
        }
        return .probe(DNSProbe(target: target, options: options, question: question, services: services))
    }
}
