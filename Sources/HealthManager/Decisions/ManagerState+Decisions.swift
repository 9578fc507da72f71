import FoundationEssentials
import Monitoring
import Probing

/// Checks the requests for overrides, maintenance and acknowledgements, and describes what they bring about.
extension ManagerState {
    /// The maximum duration: ten years, in seconds.
    private static let longest: Double = 10 * 366 * 86400

    // MARK: Overrides

    /// The override that a request describes, with names in their configured spelling.
    func override(_ request: OverrideRequest) throws(DecisionRefused) -> Override {
        try checkSignature(request.by, request.comment)
        let (item, identity, property) = try overridden(request)
        let server = try request.server.map { name throws(DecisionRefused) in try serverName(name) }
        let end: Override.End
        switch (request.seconds, request.untilVersion) {
        case (let seconds?, nil):
            guard seconds > 0, seconds <= Self.longest else {
                throw DecisionRefused(.invalid, "the duration must be above zero, and at most ten years")
            }
            end = .date(services.time.now.addingTimeInterval(seconds))
        case (nil, let version?):
            guard version.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ Int($0) != nil }) else {
                throw DecisionRefused(.invalid, "'\(version)' is not a version (expected e.g. 1.2.0)")
            }
            end = .version(version)
        default: throw DecisionRefused(.invalid, "an override needs either a duration or a version, not both")
        }
        let override = Override(
            item: item, identity: identity, property: property, value: request.value, server: server, end: end, by: request.by,
            at: services.time.now, comment: request.comment ?? "")
        guard override.isInForce(at: services.time.now, version: decisions.version) else {
            throw DecisionRefused(.invalid, "this agent already has version \(decisions.version): the override would never take effect")
        }
        return override
    }

    /// The override that a removal identifies.
    func override(_ request: OverrideRemoval) throws(DecisionRefused) -> Override {
        try checkSignature(request.by, nil)
        let server = try request.server.map { name throws(DecisionRefused) in
            try serverName(name, orOneOf: decisions.overrides.compactMap(\.server))
        }
        var probe: ProbeIdentity?
        if case .one(let definition, let target) = selector.select(request.identity) {
            probe = ProbeIdentity(definition.identity, target: target)
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
        return override
    }

    // MARK: Maintenance and acknowledgements

    /// The maintenance that a request describes, with names in their configured spelling.
    func maintenance(_ request: MaintenanceRequest) throws(DecisionRefused) -> Maintenance {
        try checkSignature(request.by, request.comment)
        let now = services.time.now
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
        return maintenance
    }

    /// The maintenance of a component by one requester (default `Maintenance`) that a request ends; at least one entry.
    func maintenance(_ request: MaintenanceEnd) throws(DecisionRefused) -> [Maintenance] {
        try checkSignature(request.by, nil)
        let server = request.server == "*" ? "*" : try serverName(request.server, orOneOf: decisions.maintenance.map(\.server))
        let component = try component(request.component, orOneOf: decisions.maintenance.map(\.component)).lowercased()
        let requester = (request.requester ?? "Maintenance").lowercased()
        let there = decisions.maintenance.filter { $0.server.lowercased() == server.lowercased() && $0.component.lowercased() == component }
        let own = there.filter { $0.requester.lowercased() == requester }
        guard !own.isEmpty else {
            let others = there.map(\.requester).joined(separator: ", ")
            let hint =
                others.isEmpty
                ? "run 'agent maintenance list' to see all maintenance"
                : "it was requested by \(others), and only the requester can end it (--requester)"
            throw DecisionRefused(
                .unknown,
                "there is no maintenance of \(request.component ?? Maintenance.wholeServer) on \(server) by this requester: \(hint)")
        }
        return own
    }

    /// The open episodes that an acknowledgement is about, with it; at least one.
    /// - Parameter statuses: those of all monitors.
    func acknowledged(_ request: AcknowledgeRequest, among statuses: [MonitorStatus]) throws(DecisionRefused) -> [Episode] {
        try checkSignature(request.by, request.comment)
        let server = try request.server.map { name throws(DecisionRefused) in try serverName(name) }
        let meant = statuses.filter { status in
            (status.key.identity.isMeant(by: request.monitor)
                || ProbeIdentity(healthSet: status.key.probe.identity.healthSet, name: status.key.name).isMeant(by: request.monitor))
                && (server == nil || server == status.key.probe.server)
        }
        guard !meant.isEmpty else {
            let names = Set(statuses.map(\.key.identity.description))
            let near = NearestName.ranked(names, to: request.monitor).prefix(3).joined(separator: ", ")
            throw DecisionRefused(
                .unknown,
                "there is no monitor '\(request.monitor)'\(server.map { " on \($0)" } ?? ""); "
                    + (near.isEmpty
                        ? "run 'agent health --health-set NAME' to list the monitors of a health set" : "similar names: \(near)"))
        }
        let acknowledgement = Episode.Acknowledgement(by: request.by, at: services.time.now, comment: request.comment ?? "")
        let open = meant.filter { $0.episode != nil && $0.state != .repairing }.sorted { $0.key < $1.key }
        guard !open.isEmpty else {
            throw DecisionRefused(
                .invalid, "monitor '\(request.monitor)' has no open episode to acknowledge: its state is \(meant[0].state.name)")
        }
        return open.compactMap { status in
            var episode = status.episode
            episode?.acknowledged = acknowledgement
            return episode
        }
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
}
