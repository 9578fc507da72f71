import Addresses
import Certificates
import FoundationEssentials
import Probing
import TestSupport
import Testing
import Transfers

@testable import TargetKinds

/// The options of a dns probe, as a test writes them.
indirect enum DNSModule: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    Sendable
{
    case text(String)
    case list([DNSModule])
    case mapping([(String, DNSModule)])

    init(stringLiteral value: String) { self = .text(value) }
    init(booleanLiteral value: Bool) { self = .text("\(value)") }
    init(arrayLiteral elements: DNSModule...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, DNSModule)...) { self = .mapping(elements) }

    /// With more keys.
    func with(_ more: DNSModule) -> DNSModule {
        guard case .mapping(let entries) = self, case .mapping(let others) = more else { return self }
        return .mapping(entries + others)
    }

    var setting: Setting {
        let place = SourceLocation(path: "modules.yml", line: 1)
        switch self {
        case .text(let text): return Setting(.scalar(text, isPlain: true), at: place)
        case .list(let items): return Setting(.list(items.map(\.setting)), at: place)
        case .mapping(let entries):
            // Each key stands in a line of its own.
            return Setting(
                .mapping(
                    entries.enumerated().map { index, entry in
                        let place = SourceLocation(path: "modules.yml", line: index + 1)
                        var value = entry.1.setting
                        value.location = place
                        return Setting.Entry(key: entry.0, keyLocation: place, value: value)
                    }), at: place)
        }
    }

    // MARK: Reading and running

    private static let kind = DNSKind(TargetServices(transfers: Transfers(), userAgent: "agent/test"))

    /// What reading them complains of, and what they say.
    func read() -> (options: DNSOptions, problems: [String]) {
        let reader = SettingsReader(setting, what: "the options", notes: SettingsReader.Notes())
        let options = Self.kind.readOptions(reader)
        reader.finish()
        return (options, reader.notes.diagnostics.map(\.description))
    }

    func run(_ target: String, within deadline: Duration = .seconds(10), policy: AddressPolicy = .open) async throws -> DNSRun {
        let (options, problems) = read()
        try #require(problems.isEmpty, "\(problems)")
        let place = Place(organization: Organization(), server: nil, target: Target(target, policy: policy))
        guard case .probe(let probe) = Self.kind.discover(options, at: place) else { throw NoProbe() }
        let context = RunContext(date: Date(timeIntervalSince1970: 1_800_000_000), deadline: deadline, time: ManualTime())
        return DNSRun(outcome: await probe.run(context))
    }

    struct NoProbe: Error {}
}

/// What a run came to.
struct DNSRun: Sendable, CustomStringConvertible {
    let outcome: Outcome

    /// nil where it succeeded.
    var reason: Reason? { outcome.decisive?.reason }
    var sentence: String { outcome.decisive?.sentence ?? "" }
    var failedStage: Stage? { outcome.decisive?.stage }
    /// `resolve connect endpoint`, a failed one with `!`.
    var stages: String {
        outcome.stages.map { "\($0.stage.rawValue)\($0.verdict == .passed ? "" : $0.verdict == .failed ? "!" : "?")" }.joined(
            separator: " ")
    }
    var facts: DNSFacts? { outcome.facts.lazy.compactMap { $0 as? DNSFacts }.last }
    /// `2 answers, 0 authorities, 3 additionals`, as three numbers.
    var counts: [Int] { facts.map { [$0.answers, $0.authorities, $0.additionals] } ?? [] }
    var resolution: ResolutionFacts? {
        outcome.facts.lazy.compactMap { $0 as? ResolutionFacts }.last
    }
    var tls: TLSFacts? { outcome.facts.lazy.compactMap { $0 as? TLSFacts }.last }
    var certificates: [CertificateFacts] {
        outcome.observations.compactMap { if case .peerCertificate(_, _, _, let facts) = $0 { facts } else { nil } }
    }

    var description: String { "\(stages) \(outcome.findings)" }
}
