import FoundationEssentials
import HealthManager
import Transfers

/// `grpc`: the standard health check of a gRPC server.
struct GRPCKind: ProbeKind {
    let name = "grpc"
    let aim = KindAim.targets
    private let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is host:port; without a port, 443 with 'tls' and 80 without. Its name is looked up, and one address of it is connected to.",
            "grpc.health.v1.Health/Check is called over HTTP/2, for 'service' or, without it, for the whole server.",
            "The call must end with status OK, and the answer must be SERVING.",
        ],
        stages: [.resolve, .connect, .tls, .endpoint],
        reasons: [
            .targetInvalid, .targetForbidden, .systemRefused, .dnsFailed, .connectRefused, .connectTimeout, .networkUnreachable,
            .connectionReset, .timeout, .tlsHandshakeFailed, .clientCertificateRequired, .renegotiationInsecure, .keyTooSmall,
            .signatureWeak, .certificateUnreadable, .credentialUnreadable, .certificateUntrusted, .certificateNameMismatch,
            .certificateExpired,
            .certificateNotYetValid, .certificateRevoked, .httpStatus, .httpMalformed, .httpTooLarge, .answerUnexpected, .healthNotServing,
        ],
        options: [
            .init("preferred_ip_protocol", "ip4 or ip6 (default ip6)", settableThroughAgent: true),
            .init("ip_protocol_fallback", "take the other where a name has none of that (default true)", settableThroughAgent: true),
            .init("service", "the service to ask about (default the whole server)", settableThroughAgent: true),
            .init("metadata", "mapping of names to a value or a list of values", settableThroughAgent: false),
            .init("tls", "speak TLS (default false)", settableThroughAgent: true),
            .init(
                "tls_config", "ca_file, cert_file, key_file, server_name, insecure_skip_verify, min_version, max_version",
                settableThroughAgent: false),
        ])

    func readOptions(_ reader: SettingsReader) -> GRPCOptions {
        GRPCOptions(
            address: AddressOptions(reader, hasSource: false), service: reader.string("service") ?? "", metadata: Self.metadata(reader),
            isTLS: reader.bool("tls") ?? false, tls: TLSOptions(reader.mapping("tls_config"), services))
    }

    func discover(_ options: GRPCOptions, at place: Place) -> Discovery {
        guard let target = place.target else { return .notDefined(.needsTarget) }
        return .probe(GRPCProbe(target: target, options: options, services: services))
    }

    /// Names that gRPC itself sends.
    private static let reserved: Set<String> = ["te", "content-type", "user-agent", "host", "connection", "content-length"]

    private static func metadata(_ reader: SettingsReader) -> [HeaderField] {
        guard let setting = reader.setting("metadata"), let mapping = reader.mapping("metadata") else { return [] }
        guard case .mapping(let entries) = setting.value else { return [] }
        return entries.flatMap { entry -> [HeaderField] in
            let name = entry.key.lowercased()
            guard !reserved.contains(name), !name.hasPrefix("grpc-"), !name.hasPrefix(":") else {
                reader.error("'metadata' cannot set '\(entry.key)': gRPC itself does", at: entry.keyLocation)
                return []
            }
            let values = (mapping.strings(entry.key) ?? []).map { value in
                // Names that end so bear bytes, which travel as base64.
                HeaderField(name, name.hasSuffix("-bin") ? Data(value.utf8).base64EncodedString() : value)
            }
            guard HeaderField.areSendable(values) else {
                reader.error("'\(entry.key)' cannot be sent: a name or value of 'metadata' has a control character", at: entry.keyLocation)
                return []
            }
            return values
        }
    }
}

struct GRPCOptions: Sendable {
    var address: AddressOptions
    var service: String
    var metadata: [HeaderField]
    var isTLS: Bool
    var tls: TLSOptions
}
