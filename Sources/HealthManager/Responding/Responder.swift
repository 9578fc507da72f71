package import Addresses

/// What follows from a monitor's state, where an administrator has asked for it: a webhook called, a command run.
package struct Responder: Sendable, Hashable {
    package enum Action: Sendable, Hashable {
        /// A POST of the event as JSON.
        case webhook(url: EndpointURL, authorizationFile: String?)
        /// A program and its arguments, without a shell; the event on its standard input as JSON, and in its environment.
        case command([String])
    }

    /// Which changes it answers.
    package enum Trigger: String, Sendable, Hashable, CaseIterable {
        case degraded, unhealthy, recovered

        /// Those that tell of a trouble, and not of its end.
        static let ofTrouble: Set<Trigger> = [.degraded, .unhealthy]
    }

    package var name: String
    package var action: Action
    package var triggers: Set<Trigger> = [.unhealthy]
    /// `HealthSet`, `HealthSet\Monitor` or a monitor's name, ignoring case; empty is all.
    package var monitors: [String] = []
    package var timeout: Duration = .seconds(30)
    package var perServer = ThrottleLimits(minimumBetween: .seconds(600), perHour: 4, perDay: 10)
    package var acrossServers = ThrottleLimits(minimumBetween: .seconds(60), perHour: 10, perDay: 40)
    package var isEnabled = true

    package init(name: String, action: Action) {
        self.name = name
        self.action = action
    }

    package func answers(_ key: MonitorKey) -> Bool {
        monitors.isEmpty
            || monitors.contains { pattern in
                pattern.lowercased() == key.probe.identity.healthSet.lowercased() || key.identity.isMeant(by: pattern)
                    || ProbeIdentity(healthSet: key.probe.identity.healthSet, name: key.name).isMeant(by: pattern)
            }
    }

    /// Whether an entry of `monitors` means a monitor of that definition, or of whatever target it may have.
    package static func isMeant(_ definition: ProbeDefinition, by pattern: String) -> Bool {
        let healthSet = definition.identity.healthSet
        if pattern.lowercased() == healthSet.lowercased() { return true }
        let cuts = definition.targets == nil ? [] : pattern.indices.filter { "\\/".contains(pattern[$0]) }
        return definition.monitors.contains { monitor in
            let identity = ProbeIdentity(healthSet: healthSet, name: monitor.name)
            return identity.isMeant(by: pattern) || cuts.contains { identity.isMeant(by: String(pattern[..<$0])) }
        }
    }
}

/// How often an action may be taken, as Exchange throttles its responders.
package struct ThrottleLimits: Sendable, Hashable {
    package var minimumBetween: Duration
    package var perHour: Int
    package var perDay: Int

    /// Of who is only told: each trouble of its own, but no flood.
    package static let telling = ThrottleLimits(minimumBetween: .zero, perHour: 100, perDay: 1000)

    package init(minimumBetween: Duration, perHour: Int, perDay: Int) {
        self.minimumBetween = minimumBetween
        self.perHour = perHour
        self.perDay = perDay
    }
}
