package import Probing

extension ProbeDefinition {
    /// Properties of a probe that an override can change, besides its options (`options.NAME`).
    package static let overridable = ["enabled", "every", "timeout", "retries"]

    /// The definition with the overrides applied, those for a server or target last; `self` if none applies.
    ///
    /// - Parameter identity: the identity of the probe instance, including its target.
    package func overridden(by overrides: [Override], identity: ProbeIdentity, server: String) -> ProbeDefinition {
        guard !overrides.isEmpty else { return self }
        let isNarrow = { (override: Override) in override.server != nil || override.target != nil }
        let overrides = overrides.filter { !isNarrow($0) } + overrides.filter(isNarrow)
        let probes = overrides.filter { $0.item == .probe && $0.isAbout(identity, server: server) }
        let monitors = monitors.map { $0.overridden(by: overrides, of: identity, server: server) }
        guard !probes.isEmpty || monitors != self.monitors else { return self }
        var draft = Draft(self)
        for override in probes { _ = draft.set(override.property, to: override.value) }
        draft.monitors = monitors
        return draft.definition
    }

    /// Why a property cannot be set to this value, as a clause; nil if it can.
    package func problem(setting property: String, to value: String) -> String? {
        var draft = Draft(self)
        return draft.set(property, to: value)
    }

    private struct Draft {
        let base: ProbeDefinition
        var isEnabled: Bool
        var every: Duration
        var timeout: Duration
        var retries: Int
        var options: Setting
        var monitors: [MonitorDefinition]

        init(_ base: ProbeDefinition) {
            self.base = base
            isEnabled = base.enabled
            every = base.every
            timeout = base.timeout
            retries = base.retries
            options = base.options
            monitors = base.monitors
        }

        /// - Returns: why the value is invalid, as a clause; nil if it was set.
        mutating func set(_ property: String, to value: String) -> String? {
            switch property.lowercased() {
            case "enabled":
                guard let isEnabled = ["true": true, "false": false][value.lowercased()] else { return "must be true or false" }
                self.isEnabled = isEnabled
            case "every":
                guard let every = DurationText.parse(value), every >= .milliseconds(100) else {
                    return "must be a duration of at least 100ms, such as 5m"
                }
                guard timeout <= every else { return "must not be shorter than the timeout, \(DurationText.format(timeout))" }
                self.every = every
            case "timeout":
                guard let timeout = DurationText.parse(value), timeout > .zero else { return "must be a duration such as 30s" }
                guard timeout <= every else { return "must not be longer than the interval, \(DurationText.format(every))" }
                self.timeout = timeout
            case "retries":
                guard let retries = Int(value), (0...10).contains(retries) else { return "must be a whole number from 0 to 10" }
                self.retries = retries
            case let name where name.hasPrefix("options."):
                let option = String(property.dropFirst("options.".count))
                options = options.setting(option, to: value, at: SourceLocation(path: "override of \(property)"))
            default:
                return "unknown property; known: \(ProbeDefinition.overridable.joined(separator: ", ")), options.NAME"
            }
            return nil
        }

        var definition: ProbeDefinition {
            ProbeDefinition(
                identity: base.identity, kind: options == base.options ? base.kind : base.kind.with(options), summary: base.summary,
                scope: base.scope, every: every, timeout: timeout, retries: retries, enabled: isEnabled, monitors: monitors,
                location: base.location)
        }
    }
}

extension MonitorDefinition {
    /// Properties of a monitor that an override can change.
    package static let overridable = ["enabled", "severity", "degradedFor"]

    func overridden(by overrides: [Override], of probe: ProbeIdentity, server: String) -> MonitorDefinition {
        let identity = ProbeIdentity(healthSet: probe.healthSet, name: name, target: probe.target)
        var changed = self
        for override in overrides where override.item == .monitor && override.isAbout(identity, server: server) {
            _ = changed.set(override.property, to: override.value)
        }
        return changed
    }

    /// - Returns: why the value is invalid, as a clause; nil if it was set.
    package mutating func set(_ property: String, to value: String) -> String? {
        switch property.lowercased() {
        case "enabled":
            guard let isEnabled = ["true": true, "false": false][value.lowercased()] else { return "must be true or false" }
            self.isEnabled = isEnabled
        case "severity":
            guard let severity = Severity(rawValue: value.lowercased()) else { return "must be critical or warning" }
            self.severity = severity
        case "degradedfor":
            guard let duration = DurationText.parse(value) else { return "must be a duration such as 60s" }
            degradedFor = duration
        default: return "unknown property; known: \(Self.overridable.joined(separator: ", "))"
        }
        return nil
    }
}

extension Responder {
    /// Properties of a responder that an override can change.
    package static let overridable = ["enabled", "timeout"]

    /// - Returns: why the value is invalid, as a clause; nil if it was set.
    package mutating func set(_ property: String, to value: String) -> String? {
        switch property.lowercased() {
        case "enabled":
            guard let isEnabled = ["true": true, "false": false][value.lowercased()] else { return "must be true or false" }
            self.isEnabled = isEnabled
        case "timeout":
            guard let timeout = DurationText.parse(value), timeout > .zero else { return "must be a duration such as 30s" }
            self.timeout = timeout
        default: return "unknown property; known: \(Self.overridable.joined(separator: ", "))"
        }
        return nil
    }

    /// The responder with the overrides for one server applied.
    package func overridden(by overrides: [Override], server: String) -> Responder {
        var changed = self
        for override in overrides
        where override.item == .responder && override.identity.lowercased() == name.lowercased()
            && (override.server == nil || override.server?.lowercased() == server.lowercased())
        {
            _ = changed.set(override.property, to: override.value)
        }
        return changed
    }
}
