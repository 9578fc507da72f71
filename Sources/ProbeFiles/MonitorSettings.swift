import Probing

/// Reads the monitors of a definition and checks every key.
struct MonitorSettings {
    private enum Rule: String, CaseIterable {
        case consecutiveFailures, consecutiveWarnings, failures, successPercentage, sampleValue, certificateLifetime
    }

    let notes: SettingsReader.Notes

    func monitors(_ reader: SettingsReader) -> [MonitorDefinition] {
        var known: [String: SourceLocation] = [:]
        return (reader.settings("monitors") ?? []).compactMap { setting in
            let reader = SettingsReader(setting, what: "a monitor", notes: notes)
            let monitor = monitor(reader)
            reader.finish()
            guard let monitor else { return nil }
            if let earlier = known.updateValue(reader.location(of: "name"), forKey: monitor.name.lowercased()) {
                reader.error(
                    "duplicate monitor '\(monitor.name)', first defined in line \(earlier.line ?? 0)", at: reader.location(of: "name"))
            }
            return monitor
        }
    }

    private func monitor(_ reader: SettingsReader) -> MonitorDefinition? {
        let name = reader.required("name", what: "a monitor")
        if let name, name.isEmpty || name.contains(where: { "\\/".contains($0) || $0.isWhitespace }) {
            reader.error("'name' must be a name without spaces and slashes, found '\(name)'", at: reader.location(of: "name"))
        }
        let rule = rule(reader)
        let severity = reader.choice("severity", MonitorDefinition.Severity.self) ?? .critical
        let degradedFor = reader.duration("degradedFor", allowZero: true)
        let enabled = reader.bool("enabled") ?? true
        let flapping = flapping(reader)
        guard let name, let rule else { return nil }
        var monitor = MonitorDefinition(name: name, rule: rule)
        monitor.severity = severity
        monitor.degradedFor = degradedFor ?? monitor.degradedFor
        monitor.flapping = flapping
        monitor.isEnabled = enabled
        return monitor
    }

    private func flapping(_ reader: SettingsReader) -> MonitorDefinition.Flapping {
        var flapping = MonitorDefinition.Flapping()
        guard let reader = reader.mapping("flapping") else { return flapping }
        flapping.episodes = reader.integer("episodes", in: 2...1000) ?? flapping.episodes
        flapping.within = reader.duration("within") ?? flapping.within
        flapping.steadyFor = reader.duration("steadyFor", allowZero: true) ?? flapping.steadyFor
        reader.finish()
        return flapping
    }

    private func rule(_ reader: SettingsReader) -> MonitorRule? {
        guard let when = reader.mapping("when") else {
            reader.error("a monitor needs 'when' (e.g. when: { consecutiveFailures: 3 })", at: reader.location)
            return nil
        }
        defer { when.finish() }
        let written = Rule.allCases.filter { when.has($0.rawValue) }
        guard let rule = written.first, written.count == 1 else {
            // Asked for, so that each is known when a key with another name is reported.
            for rule in Rule.allCases { _ = when.setting(rule.rawValue) }
            let list = Rule.allCases.map(\.rawValue).joined(separator: ", ")
            when.error("'when' must contain exactly one of \(list)", at: when.location)
            return nil
        }
        switch rule {
        case .consecutiveFailures: return when.integer(rule.rawValue, in: 1...1000).map { .consecutiveFailures($0) }
        case .consecutiveWarnings: return when.integer(rule.rawValue, in: 1...1000).map { .consecutiveWarnings($0) }
        case .failures:
            guard let nested = when.mapping(rule.rawValue) else { return nil }
            defer { nested.finish() }
            // All are read first, so that none is reported as unknown because another is wrong.
            let count = needed(nested, "count") { nested.integer($0, in: 1...10_000) }
            let within = needed(nested, "within") { nested.duration($0) }
            guard let count, let within else { return nil }
            return .failures(count, within: within)
        case .successPercentage:
            guard let nested = when.mapping(rule.rawValue) else { return nil }
            defer { nested.finish() }
            let minimum = nested.integer("minimumRuns", in: 1...10_000) ?? 3
            let below = needed(nested, "below") { nested.number($0, in: 0...100) }
            let within = needed(nested, "within") { nested.duration($0) }
            guard let below, let within else { return nil }
            return .successPercentage(below: below, within: within, minimumRuns: minimum)
        case .sampleValue: return when.mapping(rule.rawValue).flatMap(sampleValue)
        case .certificateLifetime:
            guard let nested = when.mapping(rule.rawValue) else { return nil }
            defer { nested.finish() }
            return needed(nested, "belowPercent", { nested.number($0, in: 0...100) }).map { .certificateLifetime(belowPercent: $0) }
        }
    }

    private func sampleValue(_ reader: SettingsReader) -> MonitorRule? {
        defer { reader.finish() }
        let above = reader.number("above", in: -1e15...1e15)
        let below = reader.number("below", in: -1e15...1e15)
        let consecutive = reader.integer("consecutive", in: 1...1000) ?? 1
        switch (above, below) {
        case (let limit?, nil): return .sampleValue(.above, limit, consecutive: consecutive)
        case (nil, let limit?): return .sampleValue(.below, limit, consecutive: consecutive)
        default:
            reader.error("'sampleValue' needs exactly one of 'above' and 'below'", at: reader.location)
            return nil
        }
    }

    private func needed<Value>(_ reader: SettingsReader, _ key: String, _ read: (String) -> Value?) -> Value? {
        let value = read(key)
        if !reader.has(key) { reader.error("this rule needs '\(key)'", at: reader.location) }
        return value
    }
}
