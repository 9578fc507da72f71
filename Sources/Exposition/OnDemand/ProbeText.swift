import Addresses
import Certificates
import FoundationEssentials
package import Probing

/// The response of `/probe`: one run with blackbox_exporter's metric names and the agent's additions.
///
/// Like blackbox_exporter in which metrics are zero and which are absent, with two exceptions: certificates that failed verification are
/// included, and unknown times are omitted.
package struct ProbeText {
    private var families: [[UInt8]] = Array(repeating: [], count: ProbeFamily.allCases.count)

    /// The complete response body in the text format, families sorted by name.
    package static func render(_ run: OnDemandRun) -> [UInt8] {
        var text = ProbeText()
        text.write(run)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 << 10)
        for (family, samples) in zip(ProbeFamily.allCases, text.families) where !samples.isEmpty { bytes += family.header + samples }
        return bytes
    }

    private mutating func gauge(_ family: ProbeFamily, _ value: Double, _ labels: [(String, String)] = []) {
        MetricText.write(family.name, labels, value, to: &families[family.rawValue])
    }

    private mutating func phases<Phase: RawRepresentable & CaseIterable & Hashable>(
        _ family: ProbeFamily, _ phases: [Phase: Duration], all: Bool = true
    ) where Phase.RawValue == String {
        for phase in Phase.allCases where all || phases[phase] != nil {
            gauge(family, phases[phase]?.seconds ?? 0, [("phase", phase.rawValue)])
        }
    }

    private mutating func write(_ run: OnDemandRun) {
        let result = run.result
        gauge(.success, run.isSuccess ? 1 : 0)
        gauge(.durationSeconds, result.duration.seconds)
        gauge(.timeoutSeconds, run.timeout.seconds)
        gauge(.resultType, Double(result.type.rawValue))
        if let finding = result.decisive {
            gauge(
                .reasonInfo, 1,
                [("stage", finding.stage.rawValue), ("reason", finding.reason.rawValue), ("severity", finding.severity.rawValue)])
        }
        for stage in result.outcome.stages where stage.verdict != .notRun {
            gauge(.stageDurationSeconds, stage.duration.seconds, [("stage", stage.stage.rawValue)])
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
                .httpDurationSeconds, phases.all,
                all: resolution.map { $0.address != nil } ?? !phases.all.isEmpty)
        case .conversation(let facts): write(facts)
        case .dns(let facts): write(facts)
        case .ping(let facts):
            phases(.icmpDurationSeconds, facts.phases)
            if let limit = facts.replyHopLimit {
                gauge(.icmpReplyHopLimit, Double(limit))
            }
        case .grpc(let facts): write(facts)
        case .webSocket(let facts): write(facts)
        case .oauthCertificate, .drift, .peerCertificate, .metadataReachable: break
        }
    }

    private mutating func write(_ facts: ResolutionFacts) {
        gauge(.dnsLookupTimeSeconds, facts.duration.seconds)
        gauge(.ipProtocol, Double(facts.address?.family.rawValue ?? 0))
        gauge(.ipAddrHash, Double(facts.address.map(Self.hash) ?? 0))
    }

    private static func hash(_ address: NetworkAddress) -> UInt32 {
        // blackbox_exporter uses FNV-1a (32 bits), over 4 bytes also for an IPv4-mapped IPv6 address.
        address.bytes.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }

    private mutating func write(_ facts: TLSFacts, kind: String) {
        if let expiry = facts.lastChainExpiry, kind != "grpc" {
            gauge(.sslLastChainExpiryTimestampSeconds, expiry.timeIntervalSince1970)
        }
        if let version = facts.version { gauge(.tlsVersionInfo, 1, [("version", version)]) }
        if let cipher = facts.cipher, kind == "http" {
            gauge(.tlsCipherInfo, 1, [("cipher", cipher)])
        }
    }

    private mutating func certificates(_ observations: [Observation], kind: String) {
        let chain = observations.compactMap {
            if case .peerCertificate(let stage, let depth, _, let facts) = $0 { (stage, depth, facts) } else { nil }
        }
        if let earliest = chain.map(\.2.notAfter).min() {
            gauge(.sslEarliestCertExpiry, earliest.timeIntervalSince1970)
        }
        if let leaf = chain.first(where: { $0.1 == 0 })?.2 {
            gauge(
                .sslLastChainInfo, 1,
                [
                    ("fingerprint_sha256", leaf.fingerprintSHA256), ("subject", leaf.subject), ("issuer", leaf.issuer),
                    ("subjectalternative", leaf.names.joined(separator: ",")), ("serialnumber", Self.serial(leaf.serialNumber)),
                ])
        }
        for (stage, depth, facts) in chain where depth < 10 {
            let labels = [("stage", stage.rawValue), ("depth", String(depth)), ("fingerprint_sha256", facts.fingerprintSHA256)]
            gauge(
                .certificateNotAfterTimestampSeconds, facts.notAfter.timeIntervalSince1970,
                labels)
            gauge(
                .certificateKeySize, Double(facts.keyBits),
                labels)
        }
    }

    /// Hexadecimal without leading zeros.
    private static func serial(_ text: String) -> String {
        let (sign, digits) = text.hasPrefix("-") ? ("-", text.dropFirst()) : ("", text[...])
        let significant = digits.lowercased().drop { $0 == "0" }
        return significant.isEmpty ? "0" : sign + significant
    }

    private mutating func write(_ facts: HTTPFacts) {
        gauge(.httpStatusCode, Double(facts.status))
        gauge(.httpContentLength, Double(facts.contentLength))
        gauge(.httpUncompressedBodyLength, Double(facts.bodyLength))
        gauge(.httpRedirects, Double(facts.redirects))
        gauge(.httpSsl, facts.isTLS ? 1 : 0)
        gauge(.httpVersion, facts.version.flatMap { Double($0) } ?? 0)
        gauge(.failedDueToRegex, facts.failedByPattern ? 1 : 0)
        if let modified = facts.lastModified {
            gauge(.httpLastModifiedTimestampSeconds, modified.timeIntervalSince1970)
        }
    }

    private mutating func write(_ facts: ConversationFacts) {
        gauge(.failedDueToRegex, facts.failedByPattern ? 1 : 0)
        gauge(.failedDueToBytes, facts.failedByBytes ? 1 : 0)
        if let labels = facts.labels {
            gauge(.expectInfo, 1, labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        }
    }

    private mutating func write(_ facts: DNSFacts) {
        phases(.dnsDurationSeconds, facts.phases)
        gauge(.dnsAnswerRrs, Double(facts.answers))
        gauge(.dnsAuthorityRrs, Double(facts.authorities))
        gauge(.dnsAdditionalRrs, Double(facts.additionals))
        gauge(.dnsQuerySucceeded, facts.isAnswered ? 1 : 0)
        if facts.asksForSerial, facts.isAnswered { gauge(.dnsSerial, Double(facts.serial ?? 0)) }
    }

    private mutating func write(_ facts: GRPCFacts) {
        phases(.grpcDurationSeconds, facts.phases)
        gauge(.grpcSsl, facts.isTLS ? 1 : 0)
        gauge(.grpcStatusCode, Double(facts.status ?? 0))
        for serving in GRPCFacts.Serving.allCases {
            gauge(
                .grpcHealthcheckResponse, facts.serving == serving ? 1 : 0,
                [("serving_status", serving.rawValue)])
        }
    }

    private mutating func write(_ facts: WebSocketFacts) {
        phases(.websocketDurationSeconds, facts.phases)
        gauge(.websocketStatusCode, Double(facts.status))
        gauge(.websocketConnectionUpgraded, facts.isUpgraded ? 1 : 0)
        gauge(.websocketFailedDueToRegex, facts.failedByPattern ? 1 : 0)
    }
}
