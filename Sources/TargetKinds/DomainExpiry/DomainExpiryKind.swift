import Documents
import Outbound
import Probing
import Transfers

/// `domain-expiry`: until when a domain is registered, as its registry says by RDAP. With the domain, all trust in its names ends.
struct DomainExpiryKind: TargetKind {
    typealias Check = DomainExpiryProbe

    static let name = "domain-expiry"
    let services: TargetServices
    let isProber = false

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is a registered domain, such as fabrikam.com. Its registry is asked by RDAP (RFC 9083) over HTTPS: 'server', or the service that 'bootstrapFile' names for the domain's longest ending. Redirects are followed within the server.",
            "Failed if the domain is not registered, has expired, or expires within the failure threshold; a warning within the warning threshold. SampleValue: days until it expires.",
            "Registries limit requests: once a day is enough.",
        ],
        stages: [.resolve, .connect, .tls, .endpoint],
        metrics: [DomainExpiryProbe.expiry, .threshold],
        reasons: [
            .domainExpired, .domainExpiresSoon, .domainExpiresVerySoon, .domainMissing, .endpointThrottled, .answerUnexpected, .notObserved,
            .configIncomplete,
        ] + .target + [.dnsFailed] + .connection + .proxy + .tls + .http,
        options: [
            .init("server", "https:// URL of the registry's RDAP service (default: from 'bootstrapFile')", settableThroughAgent: false),
            .init(
                "bootstrapFile",
                "a copy of IANA's list of RDAP services, https://data.iana.org/rdap/dns.json (default: a short list that is part of the agent, with com, net, org and some others)",
                settableThroughAgent: false),
            .init("warnBelow", "warn when less than this is left (default 30d)", settableThroughAgent: true),
            .init("failBelow", "fail when less than this is left (default 7d)", settableThroughAgent: true), TLSOptions.guide,
        ] + ProxyOptions.guide)

    static let expected = "a registered domain, such as fabrikam.com"

    func expected(insteadOf target: String) -> String? { Self.domain(target) == nil ? Self.expected : nil }

    /// The domain in ASCII; nil if the target is none.
    static func domain(_ target: String) -> String? {
        guard let name = HostName.ascii(authority: target)?.lowercased() else { return nil }
        let labels = (name.hasSuffix(".") ? name.dropLast() : name[...]).split(separator: ".", omittingEmptySubsequences: false)
        let isDomain = labels.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") } }
        // The last label of an address is a number.
        guard isDomain, labels.count > 1, labels.last?.contains(where: \.isLetter) == true else { return nil }
        return labels.joined(separator: ".")
    }

    func readOptions(_ reader: SettingsReader) -> DomainExpiryOptions {
        var options = DomainExpiryOptions(tls: TLSOptions(reader.mapping("tls_config"), services), proxy: ProxyOptions(reader))
        let limits = reader.limits(default: (options.warnBelow, options.failBelow))
        options.warnBelow = limits.warnBelow ?? options.warnBelow
        options.failBelow = limits.failBelow ?? options.failBelow
        if let path = reader.path("bootstrapFile"), !path.isEmpty {
            options.bootstrapFile = path
            // It is read at each run, and may be there by then.
            do throws(RegistryDirectory.Unusable) { _ = try RegistryDirectory(path: path) } catch {
                reader.warning("'bootstrapFile' cannot be used: \(error)", at: reader.location(of: "bootstrapFile"))
            }
        }
        if let written = reader.string("server"), !written.isEmpty {
            options.server = URLHost.absolute(written)
            if options.server?.lowercased().hasPrefix("https://") != true || written.contains(where: { "?#".contains($0) }) {
                reader.error(
                    "'server' must be a URL such as https://rdap.verisign.com/com/v1/, without a query", at: reader.location(of: "server"))
            }
        }
        return options
    }
}

struct DomainExpiryOptions: Sendable {
    /// An https URL; nil: found in `bootstrapFile`.
    var server: String?
    /// Nil: the list that is part of the program.
    var bootstrapFile: String?
    var warnBelow: Duration = .seconds(30 * 86400)
    var failBelow: Duration = .seconds(7 * 86400)
    var tls: TLSOptions
    var proxy: ProxyOptions
}
