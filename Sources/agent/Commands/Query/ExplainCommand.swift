import ArgumentParser
import HealthManager
import ProbeFiles
import Probing
import Transfers

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Explain what a probe checks and how it fails, or what a reason means and what to do about it.")

    @Argument(help: "A probe, a monitor, a kind, or a reason.", completion: .name(of: .explained)) var subject: String
    @OptionGroup var common: CommonOptions
    @OptionGroup(visibility: .hidden) var daemon: DaemonOptions

    func run() async throws {
        if let reason = Reason(rawValue: subject.lowercased()) { return Console.out(Self.text(reason)) }
        let kinds = Composition.kinds(
            transfers: try Composition.transfers(), stateDirectory: nil, ownsState: false, logger: LogFormat.silent)
        let named = kinds.kinds(named: subject.lowercased())
        if !named.isEmpty {
            let texts = named.map { Self.text(ConfiguredKind($0, options: .empty(at: SourceLocation(path: ""))), nil) }
            return Console.out(texts.joined(separator: "\n\n"))
        }
        let files = PlanFiles(configurationPath: common.config, probesDirectory: common.probes ?? ShippedProbes.locate())
        let definitions = files.definitions(kinds: kinds)
        let monitored = definitions.filter { $0.monitors.contains { $0.name.lowercased() == subject.lowercased() } }
        if !monitored.isEmpty { return Console.out(monitored.map { Self.text($0.kind, $0) }.joined(separator: "\n\n")) }
        switch ProbeSelector(definitions).select(subject) {
        case .one(let definition, _): Console.out(Self.text(definition.kind, definition))
        case .none(let sentence):
            let near = NearestName.ranked(Reason.allCases.map(\.rawValue), to: subject).prefix(3)
            throw Console.failure(sentence + (near.isEmpty ? "" : "; similar names: \(near.joined(separator: ", "))"))
        }
    }

    static func text(_ reason: Reason) -> String { "\(reason.rawValue)\n\n\(reason.sentence)\n\nWhat to do: \(reason.remedy)" }

    static func text(_ kind: ConfiguredKind, _ definition: ProbeDefinition?) -> String {
        let guide = kind.guide
        var lines: [String] = []
        if let definition {
            lines = ["\(definition.identity)", definition.summary, ""]
            let every = DurationText.format(definition.every)
            lines.append(
                "Runs every \(every), timeout \(DurationText.format(definition.timeout)); kind \(kind.name); \(definition.location.path)")
        } else {
            lines = ["kind \(kind.name)" + (kind.aim == .targets ? ", of targets" : "")]
        }
        lines += ["", "Checks:"] + guide.checks.map { "  - " + $0 }
        let monitors = definition?.monitors ?? []
        if !monitors.isEmpty {
            lines += ["", "Monitors:"] + monitors.map { "  \($0.name): \($0.severity.rawValue), after \($0.rule)" }
        }
        lines += ["", "Stages: " + guide.stages.map(\.rawValue).joined(separator: " -> ")]
        if !guide.options.isEmpty { lines += ["", "Options:"] + guide.options.map { "  \($0.name): \($0.summary)" } }
        let scheduled = guide.metrics.filter { $0.exposure != .onDemand }.map { "  \($0.scheduledName): \($0.help)" }
        if !scheduled.isEmpty { lines += ["", "Metrics of /metrics:"] + scheduled }
        let onDemand = guide.metrics.filter { [.onDemand, .both].contains($0.exposure) }.map { "  \($0.name): \($0.help)" }
        if kind.isProber, !onDemand.isEmpty { lines += ["", "Metrics of /probe:"] + onDemand }
        lines +=
            ["", "Reasons ('agent explain REASON' shows what to do):"]
            + guide.reasons.enumerated().filter { guide.reasons.firstIndex(of: $0.element) == $0.offset }.map {
                "  \($0.element.rawValue): \($0.element.sentence)"
            }
        return lines.joined(separator: "\n")
    }
}
