package import FoundationEssentials
import Logging
package import Monitoring
import Probing

/// Overrides, maintenance and acknowledgements. Each request is persisted first, then applied, then answered.
extension HealthManager {
    /// The maximum duration: ten years, in seconds.
    private static let longest: Double = 10 * 366 * 86400

    // MARK: Overrides

    /// Validates, persists and applies an override; it replaces one with the same item, property and server.
    /// - Returns: the override, with names in their configured spelling.
    package func add(_ request: OverrideRequest) async throws(DecisionRefused) -> Override {
        await takeTurn()
        defer { passTurn() }
        try checkSignature(request.by, request.comment)
        let (item, identity, property) = try overridden(request)
        let server = try request.server.map { name throws(DecisionRefused) in try serverName(name) }
        let end: Override.End
        switch (request.seconds, request.untilVersion) {
        case (let seconds?, nil):
            guard seconds > 0, seconds <= Self.longest else {
                throw DecisionRefused(.invalid, "the duration must be above zero, and at most ten years")
            }
            end = .date(time.now.addingTimeInterval(seconds))
        case (nil, let version?):
            guard version.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ Int($0) != nil }) else {
                throw DecisionRefused(.invalid, "'\(version)' is not a version (expected e.g. 1.2.0)")
            }
            end = .version(version)
        default: throw DecisionRefused(.invalid, "an override needs either a duration or a version, not both")
        }
        let override = Override(
            item: item, identity: identity, property: property, value: request.value, server: server, end: end, by: request.by,
            at: time.now, comment: request.comment ?? "")
        guard override.isInForce(at: time.now, version: decisions.version) else {
            throw DecisionRefused(.invalid, "this agent already has version \(decisions.version): the override would never take effect")
        }
        try await keep(.override(override))
        decisions.add(override)
        decided("override added", ["item": "\(identity)", "property": "\(request.property)", "by": "\(request.by)"])
        return override
    }

    /// Ends the override that the request identifies.
    package func remove(_ request: OverrideRemoval) async throws(DecisionRefused) -> Override {
        await takeTurn()
        defer { passTurn() }
        try checkSignature(request.by, nil)
        let server = try request.server.map { name throws(DecisionRefused) in
            try serverName(name, orOneOf: decisions.overrides.compactMap(\.server))
        }
        var probe: ProbeIdentity?
        if case .one(let definition, let target) = selector.select(request.identity) {
            probe = ProbeIdentity(healthSet: definition.identity.healthSet, name: definition.identity.name, target: target)
        }
        let similar = decisions.overrides.filter { override in
            (override.isNamed(by: request.identity) || override.item == .probe && override.named == probe)
                && override.property.lowercased() == request.property.lowercased()
                && override.server?.lowercased() == server?.lowercased()
        }
        let exact = similar.filter { request.identity.hasSuffix($0.target ?? "") }
        let found = exact.isEmpty ? similar : exact
        guard let override = found.first, found.count == 1 else {
            let place = server.map { " on \($0)" } ?? ""
            throw DecisionRefused(
                .unknown,
                "there is no override of '\(request.property)' of '\(request.identity)'\(place): run 'agent override list' to see all overrides"
            )
        }
        try await keep(.overrideEnded(override, at: time.now, why: "removed by \(request.by)"))
        decisions.remove(override)
        decided("override removed", ["item": "\(override.identity)", "property": "\(override.property)", "by": "\(request.by)"])
        return override
    }

    /// Finds the item that an override changes and validates the property and value.
    private func overridden(
        _ request: OverrideRequest
    ) throws(DecisionRefused) -> (item: Override.Item, identity: String, property: String) {
        func spelt(_ known: [String]) -> String { known.first { $0.lowercased() == request.property.lowercased() } ?? request.property }
        if let responder = plan.configuration.responders.first(where: { $0.name.lowercased() == request.identity.lowercased() }) {
            var changed = responder
            if let problem = changed.set(request.property, to: request.value) { throw refused(request, problem) }
            return (.responder, responder.name, spelt(Responder.overridable))
        }
        if let (definition, monitor, text) = try monitor(request.identity) {
            let identity = try place(definition, monitor.name, text, request.server)
            var changed = monitor
            if let problem = changed.set(request.property, to: request.value) { throw refused(request, problem) }
            return (.monitor, identity.description, spelt(MonitorDefinition.overridable))
        }
        switch selector.select(request.identity) {
        case .none(let sentence):
            let near = NearestName.ranked(names(spelt: request.identity) { $0.monitors.map(\.name) }, to: request.identity).prefix(3)
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
            let server = request.server.flatMap { plan.configuration.organization.server(named: $0)?.name } ?? ""
            let standing = definition.overridden(by: decisions.overrides, identity: identity, server: server)
            if let problem = standing.problem(setting: request.property, to: request.value) { throw refused(request, problem) }
            guard request.property.lowercased().hasPrefix("options.") else {
                return (.probe, identity.description, spelt(ProbeDefinition.overridable))
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

    /// The names of items of all definitions, with a health set if the text has one, and of responders: candidates for similar names.
    func names(spelt text: String, of items: (ProbeDefinition) -> [String]) -> [String] {
        let isWhole = text.contains { "\\/".contains($0) }
        let named = plan.definitions.flatMap { definition in
            items(definition).map { (isWhole ? definition.identity.healthSet + "/" : "") + $0 }
        }
        return named + plan.configuration.responders.map(\.name)
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
            guard plan.configuration.organization.server(named: server)?.roles.contains(role) == true else {
                throw DecisionRefused(
                    .invalid, "'\(healthSet)/\(name)' applies to servers with the role \(role.rawValue), which \(server) does not have")
            }
        case (_, nil): break
        }
        guard let target else { return ProbeIdentity(healthSet: healthSet, name: name) }
        do throws(NoSuchTarget) {
            let listed = try keys(of: definition, at: target).first?.identity.target
            return ProbeIdentity(healthSet: healthSet, name: name, target: listed)
        } catch { throw DecisionRefused(.unknown, error.description) }
    }

    /// Validates an override of an option.
    /// - Returns: the property in the kind's spelling.
    private func checkOption(_ request: OverrideRequest, of definition: ProbeDefinition) throws(DecisionRefused) -> String {
        let name = String(request.property.dropFirst("options.".count))
        let known = kinds.kind(named: definition.kind)?.guide.options ?? []
        guard let option = known.first(where: { $0.name.lowercased() == name.lowercased() }), option.settableThroughAgent else {
            let settable = known.filter(\.settableThroughAgent).map(\.name)
            let list =
                settable.isEmpty
                ? "none of its options can be overridden" : "options that can be overridden: \(settable.joined(separator: ", "))"
            throw DecisionRefused(.invalid, "'\(request.property)': kind '\(definition.kind)' has no such option; \(list)")
        }
        let notes = SettingsReader.Notes()
        let location = SourceLocation(path: "override of \(request.property)")
        kinds.checkOptions(
            of: definition.with(options: definition.options.setting(option.name, to: request.value, at: location)), notes: notes)
        if notes.hasErrors { throw DecisionRefused(.invalid, notes.diagnostics.map(\.sentence).joined(separator: "; ")) }
        return "options." + option.name
    }

    private func refused(_ request: OverrideRequest, _ problem: String) -> DecisionRefused {
        DecisionRefused(.invalid, "cannot set '\(request.property)' of '\(request.identity)' to '\(request.value)': \(problem)")
    }

    // MARK: Maintenance

    /// Validates, persists and applies maintenance, which may start later or recur weekly.
    package func start(_ request: MaintenanceRequest) async throws(DecisionRefused) -> Maintenance {
        await takeTurn()
        defer { passTurn() }
        try checkSignature(request.by, request.comment)
        let now = time.now
        let requester = request.requester ?? "Maintenance"
        try checkSignature(requester, nil)
        guard request.seconds.map({ $0 <= Self.longest }) ?? true else {
            throw DecisionRefused(.invalid, "the duration must be at most ten years")
        }
        guard request.minute == nil || request.weekday != nil else {
            throw DecisionRefused(.invalid, "a time of day is only valid for a weekly window: specify the weekday too")
        }
        let window: Maintenance.Window
        if let weekday = request.weekday {
            guard (1...7).contains(weekday), let minute = request.minute, (0..<1440).contains(minute), let seconds = request.seconds,
                seconds >= 60, seconds <= 6 * 86400
            else {
                throw DecisionRefused(.invalid, "a weekly window needs a weekday, a time of day and a duration from one minute to six days")
            }
            window = .weekly(weekday: weekday, minute: minute, minutes: Int(seconds / 60), from: request.from ?? now)
        } else {
            if let seconds = request.seconds, seconds <= 0 { throw DecisionRefused(.invalid, "the duration must be above zero") }
            let from = request.from ?? now
            window = .once(from: from, until: request.seconds.map { from.addingTimeInterval($0) })
        }
        let maintenance = Maintenance(
            server: request.server == "*" ? "*" : try serverName(request.server), component: try component(request.component),
            requester: requester, window: window, by: request.by, at: now, comment: request.comment ?? "")
        guard !maintenance.isOver(at: now) else { throw DecisionRefused(.invalid, "the window has already ended") }
        try await keep(.maintenance(maintenance))
        decisions.add(maintenance)
        decided("maintenance added", ["component": "\(maintenance.component)", "server": "\(maintenance.server)", "by": "\(request.by)"])
        return maintenance
    }

    /// Ends all maintenance of a component by one requester (default `Maintenance`).
    /// - Returns: the first one that was ended.
    package func end(_ request: MaintenanceEnd) async throws(DecisionRefused) -> Maintenance {
        await takeTurn()
        defer { passTurn() }
        try checkSignature(request.by, nil)
        let server = request.server == "*" ? "*" : try serverName(request.server, orOneOf: decisions.maintenance.map(\.server))
        let component = try component(request.component, orOneOf: decisions.maintenance.map(\.component)).lowercased()
        let requester = (request.requester ?? "Maintenance").lowercased()
        let there = decisions.maintenance.filter { $0.server.lowercased() == server.lowercased() && $0.component.lowercased() == component }
        let own = there.filter { $0.requester.lowercased() == requester }
        guard let maintenance = own.first else {
            let others = there.map(\.requester).joined(separator: ", ")
            let hint =
                others.isEmpty
                ? "run 'agent maintenance list' to see all maintenance"
                : "it was requested by \(others), and only the requester can end it (--requester)"
            throw DecisionRefused(
                .unknown,
                "there is no maintenance of \(request.component ?? Maintenance.wholeServer) on \(server) by this requester: \(hint)")
        }
        for entry in own {
            try await keep(.maintenanceEnded(entry, at: time.now, why: "ended by \(request.by)"))
            decisions.remove(entry)
        }
        decided("maintenance ended", ["component": "\(maintenance.component)", "server": "\(maintenance.server)", "by": "\(request.by)"])
        return maintenance
    }

    /// - Parameter stored: the names in existing decisions, so that these can be ended even if the name is no longer configured.
    private func component(_ name: String?, orOneOf stored: [String] = []) throws(DecisionRefused) -> String {
        guard let name, name.lowercased() != Maintenance.wholeServer.lowercased() else { return Maintenance.wholeServer }
        if let known = stored.first(where: { $0.lowercased() == name.lowercased() }) { return known }
        let sets = Set(plan.definitions.map(\.identity.healthSet))
        if let known = sets.first(where: { $0.lowercased() == name.lowercased() }) { return known }
        throw DecisionRefused(
            .unknown,
            "there is no component '\(name)'; known components: \(([Maintenance.wholeServer] + sets.sorted()).joined(separator: ", "))")
    }

    // MARK: Acknowledgements

    /// Marks the open episodes of a monitor as being repaired, until they end.
    /// - Returns: the episodes that were acknowledged.
    package func acknowledge(_ request: AcknowledgeRequest) async throws(DecisionRefused) -> [Episode] {
        await takeTurn()
        defer { passTurn() }
        try checkSignature(request.by, request.comment)
        let server = try request.server.map { name throws(DecisionRefused) in try serverName(name) }
        let meant = board.statuses.filter { status in
            (status.key.identity.isMeant(by: request.monitor)
                || ProbeIdentity(healthSet: status.key.probe.identity.healthSet, name: status.key.name).isMeant(by: request.monitor))
                && (server == nil || server == status.key.probe.server)
        }
        guard !meant.isEmpty else {
            let names = Set(board.statuses.map(\.key.identity.description))
            let near = NearestName.ranked(names, to: request.monitor).prefix(3).joined(separator: ", ")
            throw DecisionRefused(
                .unknown,
                "there is no monitor '\(request.monitor)'\(server.map { " on \($0)" } ?? ""); "
                    + (near.isEmpty
                        ? "run 'agent health --health-set NAME' to list the monitors of a health set" : "similar names: \(near)"))
        }
        let now = time.now
        let acknowledgement = Episode.Acknowledgement(by: request.by, at: now, comment: request.comment ?? "")
        let open = meant.filter { $0.episode != nil && $0.state != .repairing }.sorted { $0.key < $1.key }
        guard !open.isEmpty else {
            throw DecisionRefused(
                .invalid, "monitor '\(request.monitor)' has no open episode to acknowledge: its state is \(meant[0].state.name)")
        }
        var acknowledged: [Episode] = []
        for status in open {
            guard var episode = status.episode else { continue }
            episode.acknowledged = acknowledgement
            try await keep(.episode(episode))
            // The episode may have ended while the acknowledgement was written: then there is nothing left to acknowledge.
            guard let changes = board.acknowledge(status.key, acknowledgement, at: time.elapsed, now) else { continue }
            follow(changes)
            if let episode = board.status(of: status.key)?.episode { acknowledged.append(episode) }
        }
        decided("acknowledged", ["monitor": "\(request.monitor)", "by": "\(request.by)"])
        return acknowledged
    }

    // MARK: Responders

    /// The responder with the overrides for one server applied.
    package func overridden(_ responder: Responder, server: String) -> Responder {
        responder.overridden(by: decisions.overrides, server: server)
    }

    /// When the maintenance that silences a health set on a server started; nil if none is in force.
    package func inactiveSince(healthSet: String, server: String) -> Date? { decisions.inactive(healthSet, server: server, at: time.now) }

    // MARK: Private

    /// Decisions are processed one at a time, so that the one persisted last is the one in force.
    private func takeTurn() async {
        guard isDeciding else {
            isDeciding = true
            return
        }
        await withCheckedContinuation { turns.append($0) }
    }

    private func passTurn() {
        if turns.isEmpty { isDeciding = false } else { turns.removeFirst().resume() }
    }

    func expireDecisions() {
        let (elapsed, now) = (time.elapsed, time.now)
        let over = decisions.expire(at: now, elapsed, doubt: doubt.look(at: elapsed, now))
        let mark = decisions.inForce(at: time.now).map(\.id)
        for override in over.overrides { journal.record(.overrideEnded(override, at: time.now, why: "expired")) }
        for maintenance in over.maintenance { journal.record(.maintenanceEnded(maintenance, at: time.now, why: "expired")) }
        guard over.isChanged || mark != inForce else { return }
        decided("overrides or maintenance started or expired", ["overrides": "\(over.overrides.count)", "maintenance": "\(mark.count)"])
    }

    private func decided(_ what: String, _ metadata: Logger.Metadata) {
        inForce = decisions.inForce(at: time.now).map(\.id)
        logger.notice("\(what)", metadata: metadata)
        applyOverrides()
        observers.forEach { $0.changed(.decided) }
        escalate()
        signal.yield()
    }

    /// Requester and comment are shown in lists and logs, so each must be a single line.
    private func checkSignature(_ by: String, _ comment: String?) throws(DecisionRefused) {
        func isLine(_ text: String, atMost limit: Int) -> Bool { text.count <= limit && !text.unicodeScalars.contains { $0.value < 32 } }
        guard !by.isEmpty, isLine(by, atMost: 100) else {
            throw DecisionRefused(.invalid, "'by' and 'requester' must be one line of 1 to 100 characters")
        }
        guard isLine(comment ?? "", atMost: 1000) else {
            throw DecisionRefused(.invalid, "'comment' must be one line of at most 1000 characters")
        }
    }

    private func keep(_ entry: JournalEntry) async throws(DecisionRefused) {
        do throws(JournalError) { try await journal.persist(entry) } catch {
            throw DecisionRefused(.notKept, "the change can't be saved and was not made: \(error.description)")
        }
    }

    /// - Parameter stored: the names in existing decisions, so that these can be ended even if the name is no longer configured.
    private func serverName(_ name: String, orOneOf stored: [String] = []) throws(DecisionRefused) -> String {
        if let server = plan.configuration.organization.server(named: name) { return server.name }
        let wanted = name.lowercased()
        if let known = stored.first(where: { $0.lowercased() == wanted || $0.lowercased().hasPrefix(wanted + ".") }) { return known }
        let known = plan.configuration.organization.servers.map(\.name)
        throw DecisionRefused(
            .unknown,
            "no server '\(name)' is configured; "
                + (known.isEmpty ? "no servers are configured" : "configured servers: \(known.joined(separator: ", "))"))
    }
}
