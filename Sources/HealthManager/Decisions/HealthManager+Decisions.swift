package import FoundationEssentials
import Logging

/// What administrators decide: each is kept before it is in force, and in force before it is answered.
extension HealthManager {
    /// Ten years, in seconds.
    private static let longest: Double = 10 * 366 * 86400

    // MARK: Overrides

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
                throw DecisionRefused(.invalid, "'\(version)' is no version such as 1.2.0")
            }
            end = .version(version)
        default: throw DecisionRefused(.invalid, "an override lasts for a duration or up to a version: give one of the two, never both")
        }
        let override = Override(
            item: item, identity: identity, property: property, value: request.value, server: server, end: end, by: request.by,
            at: time.now, comment: request.comment ?? "")
        guard override.isInForce(at: time.now, version: decisions.version) else {
            throw DecisionRefused(.invalid, "this agent is already of version \(decisions.version): the override would never be in force")
        }
        try await keep(.override(override))
        decisions.add(override)
        decided("override added", ["item": "\(identity)", "property": "\(request.property)", "by": "\(request.by)"])
        return override
    }

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
                "there is no override of '\(request.property)' of '\(request.identity)'\(place): 'agent override list' shows those there are"
            )
        }
        try await keep(.overrideEnded(override, at: time.now, why: "removed by \(request.by)"))
        decisions.remove(override)
        decided("override removed", ["item": "\(override.identity)", "property": "\(override.property)", "by": "\(request.by)"])
        return override
    }

    /// Finds what an override is about and whether it can be so.
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
                ? "; nor is there a monitor or responder of that name"
                : "; monitors and responders of a like name: \(near.joined(separator: ", "))"
            throw DecisionRefused(.unknown, sentence + list)
        case .one(let definition, let text):
            let identity = try place(definition, definition.identity.name, text, request.server)
            guard definition.enabled || definition.targets == nil else {
                throw refused(request, "\(definition.location.path) says enabled: false, and its targets are known only once that is true")
            }
            // It is to go with what other overrides have made of the definition.
            let server = request.server.flatMap { plan.configuration.server(named: $0)?.name } ?? ""
            let standing = definition.overridden(by: decisions.overrides, identity: identity, server: server)
            if let problem = standing.problem(setting: request.property, to: request.value) { throw refused(request, problem) }
            guard request.property.lowercased().hasPrefix("options.") else {
                return (.probe, identity.description, spelt(ProbeDefinition.overridable))
            }
            return (.probe, identity.description, try checkOption(request, of: standing))
        }
    }

    /// The monitor that is meant, with the text after its name where one was written; nil where there is none of that name.
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
            throw DecisionRefused(.invalid, "'\(text)' means several monitors: \(names.joined(separator: ", "))")
        }
        return found.first
    }

    /// Names of what a definition has, in the form a text has, with or without health set; and those of responders.
    func names(spelt text: String, of items: (ProbeDefinition) -> [String]) -> [String] {
        let isWhole = text.contains { "\\/".contains($0) }
        let named = plan.definitions.flatMap { definition in
            items(definition).map { (isWhole ? definition.identity.healthSet + "/" : "") + $0 }
        }
        return named + plan.configuration.responders.map(\.name)
    }

    /// What an override of a definition's probe or monitor is about: all of it, or one target. One that could never be in force is refused.
    private func place(
        _ definition: ProbeDefinition, _ name: String, _ target: String?, _ server: String?
    ) throws(DecisionRefused) -> ProbeIdentity {
        let healthSet = definition.identity.healthSet
        switch (definition.scope, server) {
        case (.organization, _?):
            throw DecisionRefused(.invalid, "'\(healthSet)/\(name)' is for the whole organization, not for a server: leave --server out")
        case (.targets, _?):
            throw DecisionRefused(
                .invalid,
                "'\(healthSet)/\(name)' is aimed at targets, not at servers: leave --server out and name \(healthSet)/\(name)/TARGET")
        case (.server(let role), let server?):
            let server = try serverName(server)
            guard plan.configuration.server(named: server)?.roles.contains(role) == true else {
                throw DecisionRefused(.invalid, "'\(healthSet)/\(name)' is for servers of role \(role.rawValue), and \(server) is none")
            }
        case (_, nil): break
        }
        guard let target else { return ProbeIdentity(healthSet: healthSet, name: name) }
        do throws(NoSuchTarget) {
            let listed = try keys(of: definition, at: target).first?.identity.target
            return ProbeIdentity(healthSet: healthSet, name: name, target: listed)
        } catch { throw DecisionRefused(.unknown, error.description) }
    }

    /// - Returns: the property as the kind spells it.
    private func checkOption(_ request: OverrideRequest, of definition: ProbeDefinition) throws(DecisionRefused) -> String {
        let name = String(request.property.dropFirst("options.".count))
        let known = kinds.kind(named: definition.kind)?.guide.options ?? []
        guard let option = known.first(where: { $0.name.lowercased() == name.lowercased() }), option.settableThroughAgent else {
            let settable = known.filter(\.settableThroughAgent).map(\.name)
            let list =
                settable.isEmpty
                ? "it has none that can be overridden" : "those that can be overridden: \(settable.joined(separator: ", "))"
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
        DecisionRefused(.invalid, "'\(request.property)' of '\(request.identity)', set to '\(request.value)': \(problem)")
    }

    // MARK: Maintenance

    package func start(_ request: MaintenanceRequest) async throws(DecisionRefused) -> Maintenance {
        await takeTurn()
        defer { passTurn() }
        try checkSignature(request.by, request.comment)
        let now = time.now
        let requester = request.requester ?? "Maintenance"
        try checkSignature(requester, nil)
        guard request.seconds.map({ $0 <= Self.longest }) ?? true else {
            throw DecisionRefused(.invalid, "the length must be at most ten years")
        }
        guard request.minute == nil || request.weekday != nil else {
            throw DecisionRefused(.invalid, "a time of day is for a weekly window: give the weekday too")
        }
        let window: Maintenance.Window
        if let weekday = request.weekday {
            guard (1...7).contains(weekday), let minute = request.minute, (0..<1440).contains(minute), let seconds = request.seconds,
                seconds >= 60, seconds <= 6 * 86400
            else {
                throw DecisionRefused(.invalid, "a weekly window needs a weekday, a time of day, and a length from one minute to six days")
            }
            window = .weekly(weekday: weekday, minute: minute, minutes: Int(seconds / 60), from: request.from ?? now)
        } else {
            if let seconds = request.seconds, seconds <= 0 { throw DecisionRefused(.invalid, "the length must be above zero") }
            let from = request.from ?? now
            window = .once(from: from, until: request.seconds.map { from.addingTimeInterval($0) })
        }
        let maintenance = Maintenance(
            server: request.server == "*" ? "*" : try serverName(request.server), component: try component(request.component),
            requester: requester, window: window, by: request.by, at: now, comment: request.comment ?? "")
        guard !maintenance.isOver(at: now) else { throw DecisionRefused(.invalid, "that window is over already") }
        try await keep(.maintenance(maintenance))
        decisions.add(maintenance)
        decided("maintenance", ["component": "\(maintenance.component)", "server": "\(maintenance.server)", "by": "\(request.by)"])
        return maintenance
    }

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
                ? "'agent maintenance list' shows those there are" : "it was asked for by \(others), who alone can end it (--requester)"
            throw DecisionRefused(
                .unknown,
                "there is no maintenance of \(request.component ?? Maintenance.wholeServer) on \(server) by that requester: \(hint)")
        }
        for entry in own {
            try await keep(.maintenanceEnded(entry, at: time.now, why: "ended by \(request.by)"))
            decisions.remove(entry)
        }
        decided("maintenance ended", ["component": "\(maintenance.component)", "server": "\(maintenance.server)", "by": "\(request.by)"])
        return maintenance
    }

    /// - Parameter stored: those of decisions in force: what is configured no more can still be ended.
    private func component(_ name: String?, orOneOf stored: [String] = []) throws(DecisionRefused) -> String {
        guard let name, name.lowercased() != Maintenance.wholeServer.lowercased() else { return Maintenance.wholeServer }
        if let known = stored.first(where: { $0.lowercased() == name.lowercased() }) { return known }
        let sets = Set(plan.definitions.map(\.identity.healthSet))
        if let known = sets.first(where: { $0.lowercased() == name.lowercased() }) { return known }
        throw DecisionRefused(
            .unknown, "there is no component '\(name)'; there are \(([Maintenance.wholeServer] + sets.sorted()).joined(separator: ", "))")
    }

    // MARK: Acknowledgements

    /// Marks the episodes under way of a monitor as being repaired, until they end.
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
                    + (near.isEmpty ? "'agent health --health-set NAME' lists those of a health set" : "nearest: \(near)"))
        }
        let now = time.now
        let acknowledgement = Episode.Acknowledgement(by: request.by, at: now, comment: request.comment ?? "")
        let open = meant.filter { $0.episode != nil && $0.state != .repairing }.sorted { $0.key < $1.key }
        guard !open.isEmpty else {
            throw DecisionRefused(
                .invalid, "monitor '\(request.monitor)' has no episode that could be acknowledged: it is \(meant[0].state.name)")
        }
        var acknowledged: [Episode] = []
        for status in open {
            guard var episode = status.episode else { continue }
            episode.acknowledged = acknowledgement
            try await keep(.episode(episode))
            // While it was written the episode may have ended: there is then nothing to acknowledge any more.
            guard let changes = board.acknowledge(status.key, acknowledgement, at: time.elapsed, now) else { continue }
            follow(changes)
            if let episode = board.status(of: status.key)?.episode { acknowledged.append(episode) }
        }
        decided("acknowledged", ["monitor": "\(request.monitor)", "by": "\(request.by)"])
        return acknowledged
    }

    // MARK: Responders

    /// A responder as overrides leave it for one server.
    package func overridden(_ responder: Responder, server: String) -> Responder {
        responder.overridden(by: decisions.overrides, server: server)
    }

    /// Since when maintenance silences a health set on a server; nil while it is active.
    package func inactiveSince(healthSet: String, server: String) -> Date? { decisions.inactive(healthSet, server: server, at: time.now) }

    // MARK: Within

    /// Decisions are taken one after the other: what is kept last is what is in force.
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
        for override in over.overrides { journal.note(.overrideEnded(override, at: time.now, why: "its time was over")) }
        for maintenance in over.maintenance { journal.note(.maintenanceEnded(maintenance, at: time.now, why: "its time was over")) }
        guard over.isChanged || mark != inForce else { return }
        decided("decisions ended or began by themselves", ["overrides": "\(over.overrides.count)", "maintenance": "\(mark.count)"])
    }

    private func decided(_ what: String, _ metadata: Logger.Metadata) {
        inForce = decisions.inForce(at: time.now).map(\.id)
        logger.notice("\(what)", metadata: metadata)
        applyOverrides()
        observers.forEach { $0.changed(.decided) }
        escalate()
        signal.yield()
    }

    /// Who decided, and why, stands in lists and logs: one line each.
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
        do throws(NotKept) { try await journal.keep(entry) } catch {
            throw DecisionRefused(.notKept, "this can't be kept, and would be lost with the agent: \(error.description)")
        }
    }

    /// - Parameter stored: those of decisions in force: what is configured no more can still be ended.
    private func serverName(_ name: String, orOneOf stored: [String] = []) throws(DecisionRefused) -> String {
        if let server = plan.configuration.server(named: name) { return server.name }
        let wanted = name.lowercased()
        if let known = stored.first(where: { $0.lowercased() == wanted || $0.lowercased().hasPrefix(wanted + ".") }) { return known }
        let known = plan.configuration.servers.map(\.name)
        throw DecisionRefused(
            .unknown,
            "no server '\(name)' is configured; " + (known.isEmpty ? "none is" : "configured are: \(known.joined(separator: ", "))"))
    }
}
