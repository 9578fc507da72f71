import FoundationEssentials
import Monitoring
import Probing

/// Finds what a decision is about by the names in its request, and returns them in their configured spelling.
extension ManagerState {
    // MARK: Overrides

    /// Finds the item that an override changes and validates the property and value.
    func overridden(
        _ request: OverrideRequest
    ) throws(DecisionRefused) -> (item: Override.Item, identity: String, property: String) {
        func asDefined(_ known: [String]) -> String { known.first { $0.lowercased() == request.property.lowercased() } ?? request.property }
        if let responder = plan.configuration.responders.first(where: { $0.name.lowercased() == request.identity.lowercased() }) {
            var changed = responder
            if let problem = changed.set(request.property, to: request.value) { throw refused(request, problem) }
            return (.responder, responder.name, asDefined(Responder.overridable))
        }
        if let (definition, monitor, text) = try monitor(request.identity) {
            let identity = try place(definition, monitor.name, text, request.server)
            var changed = monitor
            if let problem = changed.set(request.property, to: request.value) { throw refused(request, problem) }
            return (.monitor, identity.description, asDefined(MonitorDefinition.overridable))
        }
        switch selector.select(request.identity) {
        case .none(let sentence):
            let near = NearestName.ranked(names(like: request.identity) { $0.monitors.map(\.name) }, to: request.identity).prefix(3)
            let list =
                near.isEmpty
                ? "; there is no monitor or responder with that name either"
                : "; similar names of monitors and responders: \(near.joined(separator: ", "))"
            throw DecisionRefused(.unknown, sentence + list)
        case .one(let definition, let text):
            let identity = try place(definition, definition.identity.name, text, request.server)
            guard definition.enabled || definition.targets == nil else {
                throw refused(request, "\(definition.location.path) sets enabled: false, and its targets are only known once it is enabled")
            }
            // It must be valid together with the other overrides of the definition.
            let server = request.server.flatMap { organization.server(named: $0)?.name } ?? ""
            let standing = definition.overridden(by: decisions.overrides, identity: identity, server: server)
            if let problem = standing.problem(setting: request.property, to: request.value) { throw refused(request, problem) }
            guard request.property.lowercased().hasPrefix("options.") else {
                return (.probe, identity.description, asDefined(ProbeDefinition.overridable))
            }
            return (.probe, identity.description, try checkOption(request, of: standing))
        }
    }

    /// The monitor that the text names, and the target after its name, if any; nil if there is no such monitor.
    private func monitor(_ text: String) throws(DecisionRefused) -> (ProbeDefinition, MonitorDefinition, target: String?)? {
        var found: [(definition: ProbeDefinition, monitor: MonitorDefinition, target: String?)] = []
        for definition in plan.definitions {
            for monitor in definition.monitors {
                let identity = ProbeIdentity(healthSet: definition.identity.healthSet, name: monitor.name)
                let target = definition.targets == nil ? nil : identity.rest(of: text)
                if target != nil || identity.isNamed(by: text) { found.append((definition, monitor, target)) }
            }
        }
        guard found.count < 2 else {
            let names = found.map { "\($0.definition.identity.healthSet)/\($0.monitor.name)" }
            throw DecisionRefused(.invalid, "'\(text)' matches several monitors: \(names.joined(separator: ", "))")
        }
        return found.first
    }

    /// The identity that an override of a definition's probe or monitor applies to: all of it, or one target.
    /// - Throws: if the override could never take effect.
    private func place(
        _ definition: ProbeDefinition, _ name: String, _ target: String?, _ server: String?
    ) throws(DecisionRefused) -> ProbeIdentity {
        let healthSet = definition.identity.healthSet
        switch (definition.scope, server) {
        case (.organization, _?):
            throw DecisionRefused(.invalid, "'\(healthSet)/\(name)' applies to the whole organization, not to a server: omit --server")
        case (.targets, _?):
            throw DecisionRefused(
                .invalid,
                "'\(healthSet)/\(name)' applies to targets, not to servers: omit --server and specify \(healthSet)/\(name)/TARGET")
        case (.server(let role), let server?):
            let server = try serverName(server)
            guard organization.server(named: server)?.roles.contains(role) == true else {
                throw DecisionRefused(
                    .invalid, "'\(healthSet)/\(name)' applies to servers with the role \(role.rawValue), which \(server) does not have")
            }
        case (_, nil): break
        }
        guard let target else { return ProbeIdentity(healthSet: healthSet, name: name) }
        do throws(NoSuchTarget) {
            let listed = try roster.keys(of: definition, at: target).first?.identity.target
            return ProbeIdentity(healthSet: healthSet, name: name, target: listed)
        } catch { throw DecisionRefused(.unknown, error.description) }
    }

    /// Validates an override of an option.
    /// - Returns: the property in the kind's spelling.
    private func checkOption(_ request: OverrideRequest, of definition: ProbeDefinition) throws(DecisionRefused) -> String {
        let name = String(request.property.dropFirst("options.".count))
        let known = definition.kind.guide.options
        guard let option = known.first(where: { $0.name.lowercased() == name.lowercased() }), option.settableThroughAgent else {
            let settable = known.filter(\.settableThroughAgent).map(\.name)
            let list =
                settable.isEmpty
                ? "none of its options can be overridden" : "options that can be overridden: \(settable.joined(separator: ", "))"
            throw DecisionRefused(.invalid, "'\(request.property)': kind '\(definition.kind.name)' has no such option; \(list)")
        }
        let location = SourceLocation(path: "override of \(request.property)")
        let errors = definition.kind.with(definition.options.setting(option.name, to: request.value, at: location)).errors
        guard errors.isEmpty else { throw DecisionRefused(.invalid, errors.map(\.sentence).joined(separator: "; ")) }
        return "options." + option.name
    }

    private func refused(_ request: OverrideRequest, _ problem: String) -> DecisionRefused {
        DecisionRefused(.invalid, "cannot set '\(request.property)' of '\(request.identity)' to '\(request.value)': \(problem)")
    }

    // MARK: Names

    /// - Parameter stored: the names in existing decisions, so that these can be ended even if the name is no longer configured.
    func component(_ name: String?, orOneOf stored: [String] = []) throws(DecisionRefused) -> String {
        guard let name, name.lowercased() != Maintenance.wholeServer.lowercased() else { return Maintenance.wholeServer }
        if let known = stored.first(where: { $0.lowercased() == name.lowercased() }) { return known }
        let sets = Set(plan.definitions.map(\.identity.healthSet))
        if let known = sets.first(where: { $0.lowercased() == name.lowercased() }) { return known }
        throw DecisionRefused(
            .unknown,
            "there is no component '\(name)'; known components: \(([Maintenance.wholeServer] + sets.sorted()).joined(separator: ", "))")
    }

    /// - Parameter stored: the names in existing decisions, so that these can be ended even if the name is no longer configured.
    func serverName(_ name: String, orOneOf stored: [String] = []) throws(DecisionRefused) -> String {
        if let server = organization.server(named: name) { return server.name }
        let wanted = name.lowercased()
        if let known = stored.first(where: { $0.lowercased() == wanted || $0.lowercased().hasPrefix(wanted + ".") }) { return known }
        let known = organization.servers.map(\.name)
        throw DecisionRefused(
            .unknown,
            "no server '\(name)' is configured; "
                + (known.isEmpty ? "no servers are configured" : "configured servers: \(known.joined(separator: ", "))"))
    }
}
