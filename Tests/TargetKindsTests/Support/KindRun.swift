import Addresses
import Certificates
import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// A kind run once against a target, with options as a module writes them.
struct KindRun {
    let outcome: Outcome
    /// The dates at which the probe's verdict could turn, after the run.
    let turns: [Date]

    struct Refused: Error, CustomStringConvertible { var description: String }

    /// - Throws: `Refused` with the sentences of what is wrong with the options.
    init(
        _ kind: String, _ target: Target, _ options: Written = [:], within time: Duration = .seconds(10),
        transfers: Transfers = Transfers(),
        services: TargetServices? = nil, forecastAt date: Date? = nil
    ) async throws {
        let services = services ?? TargetServices(transfers: transfers, userAgent: "agent/test")
        let known = try #require(KindCatalog(TargetKinds.all(services)).kinds(named: kind).first)
        let configured = ConfiguredKind(known, options: options.setting)
        guard configured.errors.isEmpty else {
            throw Refused(description: configured.diagnostics.map(\.sentence).joined(separator: "\n"))
        }
        guard case .probe(let probe) = configured.discover(at: Place(organization: Organization(), server: nil, target: target)) else {
            throw Refused(description: "no probe")
        }
        outcome = await probe.run(RunContext(date: date ?? Date(), deadline: time, isRehearsal: date != nil, time: ManualTime()))
        turns = probe.turns
        #expect(outcome.undeclaredMetrics(configured.guide) == [], "the guide of \(kind) does not declare these metrics")
    }

    init(
        _ kind: String, _ target: String, _ options: Written = [:], within time: Duration = .seconds(10), transfers: Transfers = Transfers()
    ) async throws {
        try await self.init(kind, Target(target), options, within: time, transfers: transfers)
    }

    var result: ResultType { outcome.resultType }
    var reason: Reason? { outcome.decisive?.reason }
    var stage: Stage? { outcome.decisive?.stage }
    var sentence: String { outcome.decisive?.sentence ?? "" }
    /// Stages in their order: `resolve connect tls`.
    var passed: String { outcome.stages.filter { $0.verdict == .passed }.map(\.stage.rawValue).joined(separator: " ") }

    var certificates: [CertificateFacts] {
        outcome.observations.compactMap { if case .peerCertificate(_, _, _, let facts) = $0 { facts } else { nil } }
    }

    var files: [FileCertificate] { outcome.observations.compactMap { if case .fileCertificate(let file) = $0 { file } else { nil } } }

    /// The place each certificate was presented at.
    var places: [Int] { outcome.observations.compactMap { if case .peerCertificate(_, let depth, _, _) = $0 { depth } else { nil } } }

    /// Those of them that are part of the chain that verified.
    var verified: [Int] {
        outcome.observations.compactMap { if case .peerCertificate(_, let depth, true, _) = $0 { depth } else { nil } }
    }

    var resolution: ResolutionFacts? { facts() }
    var tls: TLSFacts? { facts() }
    var conversation: ConversationFacts? { facts() }
    var ping: PingFacts? { facts() }
    var grpc: GRPCFacts? { facts() }
    var webSocket: WebSocketFacts? { facts() }

    private func facts<Facts: TargetFacts>() -> Facts? { outcome.facts.lazy.compactMap { $0 as? Facts }.first }

    /// For the comment of an expectation.
    var story: Comment { "\(outcome.stages) \(outcome.findings)" }
}

/// Options as a module file writes them.
indirect enum Written: Sendable, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    case text(String)
    case plain(String)
    /// YAML's `!!binary`.
    case binary([UInt8])
    case list([Written])
    case mapping([(String, Written)])

    init(stringLiteral value: String) { self = .text(value) }
    init(booleanLiteral value: Bool) { self = .plain(String(value)) }
    init(integerLiteral value: Int) { self = .plain(String(value)) }
    init(arrayLiteral elements: Written...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, Written)...) { self = .mapping(elements) }

    var setting: Setting {
        let here = SourceLocation(path: "modules.yml")
        switch self {
        case .text(let text): return Setting(.scalar(text, isPlain: false), at: here)
        case .plain(let text): return Setting(.scalar(text, isPlain: true), at: here)
        case .binary(let bytes): return Setting(.binary(bytes), at: here)
        case .list(let items): return Setting(.list(items.map(\.setting)), at: here)
        case .mapping(let entries):
            return Setting(.mapping(entries.map { .init(key: $0.0, keyLocation: here, value: $0.1.setting) }), at: here)
        }
    }

    /// The mapping with one key more.
    func with(_ key: String, _ value: Written) -> Written {
        guard case .mapping(let entries) = self else { return self }
        return .mapping(entries.filter { $0.0 != key } + [(key, value)])
    }
}
