import FoundationEssentials
import Outbound
import Probing
import Transfers

/// `grpc`: the standard health check of a gRPC server.
struct GRPCKind: TargetKind {
    typealias Check = GRPCProbe

    static let name = "grpc"
    let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is host:port; the default port is 443 with 'tls' and 80 without. Its name is resolved, and one of its addresses is connected to.",
            "grpc.health.v1.Health/Check is called over HTTP/2, for 'service' or, if it is not set, for the whole server.",
            "The call must return status OK, and the serving status must be SERVING.",
        ],
        stages: [.resolve, .connect, .tls, .endpoint],
        metrics: ResolutionFacts.metrics + GRPCFacts.metrics + [TLSFacts.version],
        reasons: [.configIncomplete] + .target + [.dnsFailed] + .connection + .tls + [
            .httpStatus, .httpMalformed, .httpTooLarge, .answerUnexpected, .healthNotServing,
        ],
        options: AddressOptions.guide(hasSource: false) + [
            .init("service", "service to check (default: the whole server)", settableThroughAgent: true),
            .init("metadata", "mapping of names to a value or a list of values", settableThroughAgent: false),
            .init("tls", "use TLS (default false)", settableThroughAgent: true),
            TLSOptions.guide,
        ])

    func readOptions(_ reader: SettingsReader) -> GRPCOptions {
        GRPCOptions(
            address: AddressOptions(reader, hasSource: false), service: reader.string("service") ?? "", metadata: Self.metadata(reader),
            isTLS: reader.bool("tls") ?? false, tls: TLSOptions(reader.mapping("tls_config"), services))
    }

    /// Headers that are set by gRPC itself.
    private static let reserved: Set<String> = ["te", "content-type", "user-agent", "host", "connection", "content-length"]

    private static func metadata(_ reader: SettingsReader) -> [HeaderField] {
        guard let setting = reader.setting("metadata"), let mapping = reader.mapping("metadata") else { return [] }
        guard case .mapping(let entries) = setting.value else { return [] }
        return entries.flatMap { entry -> [HeaderField] in
            let name = entry.key.lowercased()
            guard !reserved.contains(name), !name.hasPrefix("grpc-"), !name.hasPrefix(":") else {
                reader.error("'metadata' cannot set '\(entry.key)': gRPC sets it itself", at: entry.keyLocation)
                return []
            }
            let values = (mapping.strings(entry.key) ?? []).map { value in
                // Values of keys with this suffix are binary and are sent as Base64.
                HeaderField(name, name.hasSuffix("-bin") ? Data(value.utf8).base64EncodedString() : value)
            }
            guard HeaderField.areSendable(values) else {
                reader.error(
                    "'\(entry.key)' cannot be sent: a name or value of 'metadata' contains a control character", at: entry.keyLocation)
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
