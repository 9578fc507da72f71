import Addresses
import Certificates
import FoundationEssentials
import HealthManager

/// The answer of `/probe`: one run in blackbox_exporter's names, and the few of our own beside them.
///
/// What it writes as zero and what it leaves out is written or left out here, but for what it loses: the facts of certificates that did not
/// verify are there, and a time that is not known is absent.
struct ProbeText {
    private var families: [String: (help: String, samples: [String])] = [:]

    /// The whole page, families in the order of their names.
    static func render(_ run: OnDemandRun) -> [UInt8] {
        var text = ProbeText()
        text.write(run)
        var bytes = MetricText()
        for (name, family) in text.families.sorted(by: { $0.key < $1.key }) {
            bytes.header(name, type: "gauge", help: family.help, format: .text)
            for sample in family.samples { bytes.write(sample) }
        }
        return bytes.bytes
    }

    private mutating func gauge(_ name: String, _ help: String, _ value: Double, _ labels: [(String, String)] = []) {
        families[name, default: (help, [])].samples.append(MetricText.series(name, labels) + " " + MetricText.number(value) + "\n")
    }

    private mutating func phases<Phase: RawRepresentable & CaseIterable & Hashable>(
        _ name: String, _ help: String, _ phases: [Phase: Duration], all: Bool = true
    ) where Phase.RawValue == String {
        for phase in Phase.allCases where all || phases[phase] != nil {
            gauge(name, help, phases[phase]?.seconds ?? 0, [("phase", phase.rawValue)])
        }
    }

    private mutating func write(_ run: OnDemandRun) {
        let result = run.result
        gauge("probe_success", "1 if the probe succeeded, 0 if not.", run.isSuccess ? 1 : 0)
        gauge("probe_duration_seconds", "How long the whole run took.", result.duration.seconds)
        gauge("probe_timeout_seconds", "How long the run might have taken.", run.timeout.seconds)
        gauge("probe_result_type", "1 Timeout, 2 Poisoned, 3 Succeeded, 4 Failed, 6 Rejected.", Double(result.type.rawValue))
        if let finding = result.decisive {
            gauge(
                "probe_reason_info", "Why the run was no plain success.", 1,
                [("stage", finding.stage.rawValue), ("reason", finding.reason.rawValue), ("severity", finding.severity.rawValue)])
        }
        for stage in result.outcome.stages where stage.verdict != .notRun {
            gauge("probe_stage_duration_seconds", "Duration of each stage.", stage.duration.seconds, [("stage", stage.stage.rawValue)])
        }
        let observations = result.outcome.observations
        let resolution = observations.lazy.compactMap { if case .resolution(let facts) = $0 { facts } else { nil } }.first
        for observation in observations { write(observation, kind: result.kind, resolution: resolution) }
        certificates(observations, kind: result.kind)
    }

    private mutating func write(_ observation: Observation, kind: String, resolution: ResolutionFacts?) {
        switch observation {
        case .resolution(let facts): write(facts)
        case .tls(let facts): write(facts, kind: kind)
        case .http(let facts): write(facts)
        case .httpPhases(let phases):
            self.phases(
                "probe_http_duration_seconds", "Duration of each phase of the HTTP exchange, summed over redirects.", phases,
                all: resolution.map { $0.address != nil } ?? true)
        case .conversation(let facts): write(facts)
        case .dns(let facts): write(facts)
        case .ping(let facts):
            phases("probe_icmp_duration_seconds", "Duration of each phase of the echo.", facts.phases)
            if let limit = facts.replyHopLimit {
                gauge("probe_icmp_reply_hop_limit", "Hop limit of the reply (TTL in IPv4).", Double(limit))
            }
        case .grpc(let facts): write(facts)
        case .webSocket(let facts): write(facts)
        case .oauthCertificate, .drift, .peerCertificate, .metadataReachable: break
        }
    }

    private mutating func write(_ facts: ResolutionFacts) {
        gauge("probe_dns_lookup_time_seconds", "How long the look-up of the target's name took.", facts.duration.seconds)
        gauge(
            "probe_ip_protocol", "4 or 6, the family of the address dialled; 0 where the name did not resolve.",
            Double(facts.address?.family.rawValue ?? 0))
        gauge(
            "probe_ip_addr_hash", "FNV-1a of the address dialled: it changes when the address does.",
            Double(facts.address.map(Self.hash) ?? 0))
    }

    private static func hash(_ address: NetworkAddress) -> UInt32 {
        // The exporter's hash is FNV-32a over 4 bytes, also of an IPv4 address in IPv6.
        address.bytes.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }

    private mutating func write(_ facts: TLSFacts, kind: String) {
        if let expiry = facts.lastChainExpiry, kind != "grpc" {
            gauge(
                "probe_ssl_last_chain_expiry_timestamp_seconds", "Latest end, over all verified chains, of the earliest in each.",
                expiry.timeIntervalSince1970)
        }
        if let version = facts.version { gauge("probe_tls_version_info", "The version of TLS spoken.", 1, [("version", version)]) }
        if let cipher = facts.cipher, kind == "http" {
            gauge("probe_tls_cipher_info", "The cipher of the TLS session.", 1, [("cipher", cipher)])
        }
    }

    private mutating func certificates(_ observations: [Observation], kind: String) {
        let chain = observations.compactMap {
            if case .peerCertificate(let stage, let depth, let facts) = $0 { (stage, depth, facts) } else { nil }
        }
        guard let leaf = chain.first?.2 else { return }
        if let earliest = chain.map(\.2.notAfter).min() {
            gauge(
                "probe_ssl_earliest_cert_expiry", "Earliest end of the certificates presented, also when they did not verify.",
                earliest.timeIntervalSince1970)
        }
        gauge(
            "probe_ssl_last_chain_info", "What the peer's own certificate says.", 1,
            [
                ("fingerprint_sha256", leaf.fingerprintSHA256), ("subject", leaf.subject), ("issuer", leaf.issuer),
                ("subjectalternative", leaf.names.joined(separator: ",")), ("serialnumber", Self.serial(leaf.serialNumber)),
            ])
        for (stage, depth, facts) in chain where depth < 10 {
            let labels = [("stage", stage.rawValue), ("depth", String(depth)), ("fingerprint_sha256", facts.fingerprintSHA256)]
            gauge(
                "probe_certificate_not_after_timestamp_seconds", "End of each certificate presented.", facts.notAfter.timeIntervalSince1970,
                labels)
            gauge(
                "probe_certificate_key_size", "Size of the key of each certificate presented, in binary digits.", Double(facts.keyBits),
                labels)
        }
    }

    /// Hexadecimal without leading zeros.
    private static func serial(_ text: String) -> String {
        let digits = text.lowercased().drop { $0 == "0" }
        return digits.isEmpty ? "0" : String(digits)
    }

    private mutating func write(_ facts: HTTPFacts) {
        gauge("probe_http_status_code", "Status of the answer; 0 where none came.", Double(facts.status))
        gauge("probe_http_content_length", "Length the answer announced; -1 where it did not.", Double(facts.contentLength))
        gauge("probe_http_uncompressed_body_length", "Bytes of the body that were read, decompressed.", Double(facts.bodyLength))
        gauge("probe_http_redirects", "How many redirects were met.", Double(facts.redirects))
        gauge("probe_http_ssl", "Whether the last request went over TLS.", facts.isTLS ? 1 : 0)
        gauge("probe_http_version", "Version of HTTP the answer is in; 0 where none came.", facts.version.flatMap { Double($0) } ?? 0)
        gauge("probe_failed_due_to_regex", "Whether the answer was refused for what it says.", facts.failedByPattern ? 1 : 0)
        if let modified = facts.lastModified {
            gauge(
                "probe_http_last_modified_timestamp_seconds", "The answer's Last-Modified header.", modified.timeIntervalSince1970)
        }
    }

    private mutating func write(_ facts: ConversationFacts) {
        gauge("probe_failed_due_to_regex", "Whether the answer was refused for what it says.", facts.failedByPattern ? 1 : 0)
        gauge("probe_failed_due_to_bytes", "Whether other bytes came than expected.", facts.failedByBytes ? 1 : 0)
        if let labels = facts.labels {
            gauge("probe_expect_info", "What the expected line says.", 1, labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        }
    }

    private mutating func write(_ facts: DNSFacts) {
        phases("probe_dns_duration_seconds", "Duration of each phase of the question.", facts.phases)
        gauge("probe_dns_answer_rrs", "Records of the answer section.", Double(facts.answers))
        gauge("probe_dns_authority_rrs", "Records of the authority section.", Double(facts.authorities))
        gauge("probe_dns_additional_rrs", "Records of the additional section.", Double(facts.additionals))
        gauge("probe_dns_query_succeeded", "Whether the question was answered, whatever the answer.", facts.isAnswered ? 1 : 0)
        if let serial = facts.serial { gauge("probe_dns_serial", "Serial number of the zone.", Double(serial)) }
    }

    private mutating func write(_ facts: GRPCFacts) {
        phases("probe_grpc_duration_seconds", "Duration of each phase of the health check.", facts.phases)
        gauge("probe_grpc_ssl", "Whether the check went over TLS.", facts.isTLS ? 1 : 0)
        gauge("probe_grpc_status_code", "Status of the call; 0 is OK.", Double(facts.status ?? 0))
        for serving in GRPCFacts.Serving.allCases {
            gauge(
                "probe_grpc_healthcheck_response", "What the service says of itself.", facts.serving == serving ? 1 : 0,
                [("serving_status", serving.rawValue)])
        }
    }

    private mutating func write(_ facts: WebSocketFacts) {
        phases("probe_websocket_duration_seconds", "Duration of each phase of the conversation.", facts.phases)
        gauge("probe_websocket_status_code", "HTTP status of the handshake; 0 where none came.", Double(facts.status))
        gauge("probe_websocket_connection_upgraded", "Whether the handshake was agreed to.", facts.isUpgraded ? 1 : 0)
        gauge("probe_websocket_failed_due_to_regex", "Whether a message was refused for what it says.", facts.failedByPattern ? 1 : 0)
    }
}
