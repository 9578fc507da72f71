import HealthManager

/// `dns`: one question to a name server, and what its answer must be.
struct DNSKind: ProbeKind {
    let name = "dns"
    let aim = KindAim.targets
    private let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is a name server: host or host:port, port 53 where there is none, 853 with 'dns_over_tls'. One address of it is asked once, over UDP, TCP or TLS.",
            "Datagrams that answer another question are passed over. A truncated answer is taken as it is: the question is not asked again over TCP.",
            "The response code must be one of 'valid_rcodes'. Then the records of each section are compared with the rules for it, as text: name, TTL, class, type and data, with tabs between them.",
            "'fail_if_all_match_regexp' is read as blackbox_exporter reads it: the probe fails unless every record matches each of its expressions.",
        ],
        stages: [.resolve, .connect, .tls, .endpoint],
        reasons: [
            .targetInvalid, .targetForbidden, .systemRefused, .dnsFailed, .connectRefused, .connectTimeout, .networkUnreachable,
            .connectionReset, .timeout, .tlsHandshakeFailed, .clientCertificateRequired, .renegotiationInsecure, .keyTooSmall,
            .signatureWeak, .certificateUnreadable, .credentialUnreadable, .certificateUntrusted, .certificateNameMismatch,
            .certificateExpired,
            .certificateNotYetValid, .certificateRevoked, .dnsRcode, .answerUnexpected, .httpMalformed,
        ],
        options: [
            .init("preferred_ip_protocol", "ip4 or ip6 (default ip6)", settableThroughAgent: true),
            .init("ip_protocol_fallback", "take the other where a name has none of that (default true)", settableThroughAgent: true),
            .init("source_ip_address", "address to send from", settableThroughAgent: false),
            .init("transport_protocol", "udp or tcp (default udp, with 'dns_over_tls' tcp)", settableThroughAgent: true),
            .init("dns_over_tls", "ask over TLS (default false)", settableThroughAgent: true),
            .init(
                "tls_config", "ca_file, cert_file, key_file, server_name, insecure_skip_verify, min_version, max_version",
                settableThroughAgent: false),
            .init("query_name", "the name to ask for", settableThroughAgent: false),
            .init("query_type", "type of the records to ask for (default ANY)", settableThroughAgent: true),
            .init("query_class", "their class (default IN)", settableThroughAgent: true),
            .init("recursion_desired", "ask the server to ask others (default true)", settableThroughAgent: true),
            .init("valid_rcodes", "response codes that are accepted (default NOERROR)", settableThroughAgent: true),
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
            return .notDefined(NotDefined(because: "it asks no question", configured: "set 'query_name' in its options"))
        }
        return .probe(DNSProbe(target: target, options: options, question: question, services: services))
    }
}
