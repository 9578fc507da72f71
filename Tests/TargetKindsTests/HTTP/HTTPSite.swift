import Addresses
import FoundationEssentials
import Probing
import TestSupport
import Transfers

@testable import ProbeFiles
@testable import TargetKinds

/// Makes probes of `http` from options as a module's file writes them, and runs them.
struct HTTPSite {
    struct Refused: Error { var sentences: [String] }

    let kind: HTTPKind
    let time = ManualTime()
    private let directory: TemporaryDirectory

    init() throws {
        kind = HTTPKind(TargetServices(transfers: Transfers(), userAgent: "agent/test"))
        directory = try TemporaryDirectory()
    }

    /// - Parameter yaml: the options, as a mapping in one line or several.
    func options(_ yaml: String) throws -> (options: HTTPOptions, warnings: [String]) {
        let file = try directory.write("options.yaml", "options:\n" + yaml.split(separator: "\n").map { "  " + $0 + "\n" }.joined())
        let notes = SettingsReader.Notes()
        let whole = SettingsReader(try YAMLFile(path: file).read(), what: "a module", notes: notes)
        let reader = whole.mapping("options") ?? whole
        let options = kind.readOptions(reader)
        reader.finish()
        let sentences = notes.diagnostics.map(\.sentence)
        guard !notes.hasErrors else { throw Refused(sentences: sentences) }
        return (options, sentences)
    }

    func run(
        _ target: Target, _ yaml: String = "{}", deadline: Duration = .seconds(20), isRehearsal: Bool = false
    ) async throws -> Seen {
        let place = Place(organization: Organization(), server: nil, target: target)
        guard case .probe(let probe) = kind.discover(try options(yaml).options, at: place) else { throw Refused(sentences: ["no probe"]) }
        return Seen(outcome: await probe.run(RunContext(date: Date(), deadline: deadline, isRehearsal: isRehearsal, time: time)))
    }

    func run(_ target: String, _ yaml: String = "{}", deadline: Duration = .seconds(20)) async throws -> Seen {
        try await run(Target(target), yaml, deadline: deadline)
    }

    /// What a run found and saw.
    struct Seen {
        let outcome: Outcome

        var succeeded: Bool { outcome.decisive == nil }
        var reason: Reason? { outcome.decisive?.reason }
        var stage: Stage? { outcome.decisive?.stage }
        var severity: Finding.Severity? { outcome.decisive?.severity }
        var sentence: String { outcome.decisive?.sentence ?? "" }

        var http: HTTPFacts {
            outcome.facts.lazy.compactMap { $0 as? HTTPFacts }.first ?? HTTPFacts()
        }

        var phases: [Observation.HTTPPhase: Duration] {
            for case .httpPhases(let phases) in outcome.observations {
                return Observation.HTTPPhase.allCases.reduce(into: [:]) { $0[$1] = phases[$1] }
            }
            return [:]
        }

        var tls: TLSFacts? {
            outcome.facts.lazy.compactMap { $0 as? TLSFacts }.first
        }

        var resolution: ResolutionFacts? {
            outcome.facts.lazy.compactMap { $0 as? ResolutionFacts }.first
        }

        var certificates: Int { outcome.observations.count { if case .peerCertificate = $0 { true } else { false } } }
    }
}
