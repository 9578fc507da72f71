package import Addresses
package import Probing

/// An action that a monitor's state change triggers: calling a webhook or running a command.
package struct Responder: Sendable, Hashable {
    /// What the responder does.
    package enum Action: Sendable, Hashable {
        /// POSTs the event as JSON.
        case webhook(url: EndpointURL, authorizationFile: String?)
        /// A program and its arguments, run without a shell; receives the event as JSON on standard input, and in its environment.
        case command([String])
    }

    /// The state changes that trigger it.
    package enum Trigger: String, Sendable, Hashable, CaseIterable {
        case degraded, unhealthy, recovered

        /// The triggers that report a problem and not its recovery.
        package static let ofTrouble: Set<Trigger> = [.degraded, .unhealthy]
    }

    package var name: String
    package var action: Action
    package var triggers: Set<Trigger> = [.unhealthy]
    /// `HealthSet`, `HealthSet\Monitor` or a monitor's name, ignoring case; empty means all monitors.
    package var monitors: [String] = []
    package var timeout: Duration = .seconds(30)
    package var perServer = ThrottleLimits(minimumBetween: .seconds(600), perHour: 4, perDay: 10)
    package var acrossServers = ThrottleLimits(minimumBetween: .seconds(60), perHour: 10, perDay: 40)
    package var isEnabled = true

    package init(name: String, action: Action) {
        self.name = name
        self.action = action
    }

    /// Whether the responder applies to this monitor.
    package func answers(_ key: MonitorKey) -> Bool {
        monitors.isEmpty
            || monitors.contains { pattern in
                pattern.lowercased() == key.probe.identity.healthSet.lowercased() || key.identity.isMeant(by: pattern)
                    || ProbeIdentity(healthSet: key.probe.identity.healthSet, name: key.name).isMeant(by: pattern)
            }
    }

    /// Whether an entry of `monitors` matches a monitor of the definition, with any target.
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

/// How often an action may run, like Exchange's responder throttling.
package struct ThrottleLimits: Sendable, Hashable {
    package var minimumBetween: Duration
    package var perHour: Int
    package var perDay: Int

    /// For notifications only: no minimum interval, but bounded per hour and day.
    package static let telling = ThrottleLimits(minimumBetween: .zero, perHour: 100, perDay: 1000)

    package init(minimumBetween: Duration, perHour: Int, perDay: Int) {
        self.minimumBetween = minimumBetween
        self.perHour = perHour
        self.perDay = perDay
    }
}
