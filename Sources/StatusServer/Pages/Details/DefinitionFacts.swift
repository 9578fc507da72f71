import FoundationEssentials
import Monitoring
import Probing

/// How a probe is defined, with what is overridden at present.
enum DefinitionFacts {
    private static let longestOption = 500

    /// - Parameters:
    ///   - written: the definition without overrides; nil if that is not known.
    ///   - overrides: those in force of the probe and its monitors.
    static func all(_ probe: ProbeState, written: ProbeDefinition?, overrides: [Override], at now: Date) -> [ProbePage.Fact] {
        let definition = probe.definition
        var facts = [ProbePage.Fact("Question", definition.summary), ProbePage.Fact("Kind", definition.kind.name)]
        facts.append(
            ProbePage.Fact("Runs", "every \(DurationText.format(definition.every)), timeout \(DurationText.format(definition.timeout))"))
        if definition.retries > 0 { facts.append(ProbePage.Fact("Retries", "\(definition.retries)")) }
        facts.append(ProbePage.Fact("Defined in", definition.location.description))
        facts.append(ProbePage.Fact("Options", all: options(definition)))
        let sorted = overrides.sorted { ($0.identity, $0.property) < ($1.identity, $1.property) }
        facts.append(ProbePage.Fact("Overrides", all: sorted.map { line($0, written) }))
        let monitors = probe.monitors.map { status in
            "\(status.definition.name): \(status.state.name) since \(PageTime(status.since, at: now).exact); "
                + "\(status.definition.severity.rawValue) after \(status.definition.rule)"
        }
        facts.append(ProbePage.Fact("Monitors", all: monitors.isEmpty ? ["none: it does not alert"] : monitors))
        let runs = ResultType.allCases.filter { probe.runs[$0] > 0 }.map { "\(probe.runs[$0]) \($0.name)" }
        facts.append(ProbePage.Fact("Runs so far", runs.isEmpty ? "none" : runs.joined(separator: ", ")))
        if let success = probe.lastSuccess { facts.append(ProbePage.Fact("Last success", PageTime(success, at: now).exact)) }
        return facts.filter { !$0.values.allSatisfy(\.isEmpty) }
    }

    /// `warnBelow: 20d`, one for each that is set.
    private static func options(_ definition: ProbeDefinition) -> [String] {
        let set = definition.options.entries.map { "\($0.key): \(shown($0.value, of: $0.key))" }
        return set.isEmpty && !definition.kind.guide.options.isEmpty ? ["none is set: the defaults apply"] : set
    }

    /// `every: 10m in place of 5m until 2026-12-01T00:00:00Z on mbx01, by anne: slow disk`
    private static func line(_ override: Override, _ written: ProbeDefinition?) -> String {
        let named = override.named
        let monitor = override.item == .monitor ? "\(named.name): " : ""
        let (value, before) =
            if let option = option(of: override) {
                (
                    shown(Setting(.scalar(override.value, isPlain: true), at: SourceLocation(path: "")), of: option),
                    written.map { $0.options.entries.first { $0.key == option }.map { shown($0.value, of: option) } ?? "the default" }
                )
            } else {
                (override.value, written.flatMap { self.written(override, $0) })
            }
        let place = (named.target.map { " at \($0)" } ?? "") + (override.server.map { " on \($0)" } ?? "")
        let comment = override.comment.isEmpty ? "" : ": \(override.comment)"
        return "\(monitor)\(override.property): \(value)" + (before.map { " in place of \($0)" } ?? "")
            + " until \(override.end)\(place), by \(override.by)\(comment)"
    }

    private static func option(of override: Override) -> String? {
        override.property.hasPrefix("options.") ? String(override.property.dropFirst("options.".count)) : nil
    }

    /// What the file says of the property that is overridden; nil if it has no such property.
    private static func written(_ override: Override, _ definition: ProbeDefinition) -> String? {
        if override.item == .monitor {
            guard let monitor = definition.monitors.first(where: { $0.name.lowercased() == override.named.name.lowercased() }) else {
                return nil
            }
            return switch override.property.lowercased() {
            case "enabled": "\(monitor.isEnabled)"
            case "severity": monitor.severity.rawValue
            case "degradedfor": DurationText.format(monitor.degradedFor)
            default: nil
            }
        }
        return switch override.property.lowercased() {
        case "enabled": "\(definition.enabled)"
        case "every": DurationText.format(definition.every)
        case "timeout": DurationText.format(definition.timeout)
        case "retries": "\(definition.retries)"
        default: nil
        }
    }

    /// As `/config` shows it, with secrets masked.
    private static func shown(_ value: Setting, of option: String) -> String {
        value.masked(under: option).line.shortened(to: longestOption)
    }
}
