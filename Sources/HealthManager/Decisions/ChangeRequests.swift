import Concurrency
import Logging
package import Monitoring
package import Probing

/// Carries out requests that change what the agent does: reload, restart, overrides, maintenance, acknowledgements.
///
/// They are processed one at a time, in the order they arrive, so that the decision persisted last is the one in force. A decision is
/// persisted first, then applied, then answered.
package final class ChangeRequests: Sendable {
    private let manager: HealthManager
    private let queue = SerialQueue()

    private var services: ManagerServices { manager.services }

    /// - Parameter manager: must have no other `ChangeRequests`.
    package init(_ manager: HealthManager) { self.manager = manager }

    // MARK: Decisions

    /// Adds an override; it replaces one with the same item, property and server.
    /// - Returns: the override, with names in their configured spelling.
    package func add(_ request: OverrideRequest) async throws(DecisionRefused) -> Override {
        try await queue.run { [self] () async throws(DecisionRefused) in
            let override = try await manager.state.override(request)
            try await persist(.override(override))
            await manager.decide { $0.add(override) }
            log("override added", ["item": "\(override.identity)", "property": "\(override.property)", "by": "\(request.by)"])
            return override
        }
    }

    /// Ends the override that the request identifies.
    package func remove(_ request: OverrideRemoval) async throws(DecisionRefused) -> Override {
        try await queue.run { [self] () async throws(DecisionRefused) in
            let override = try await manager.state.override(request)
            try await persist(.overrideEnded(override, at: services.time.now, why: "removed by \(request.by)"))
            await manager.decide { $0.remove(override) }
            log("override removed", ["item": "\(override.identity)", "property": "\(override.property)", "by": "\(request.by)"])
            return override
        }
    }

    /// Adds maintenance, which may start later or recur weekly.
    /// - Returns: the maintenance, with names in their configured spelling.
    package func start(_ request: MaintenanceRequest) async throws(DecisionRefused) -> Maintenance {
        try await queue.run { [self] () async throws(DecisionRefused) in
            let maintenance = try await manager.state.maintenance(request)
            try await persist(.maintenance(maintenance))
            await manager.decide { $0.add(maintenance) }
            log("maintenance added", maintenance, by: request.by)
            return maintenance
        }
    }

    /// Ends all maintenance of a component by one requester (default `Maintenance`).
    /// - Returns: the first one that was ended.
    package func end(_ request: MaintenanceEnd) async throws(DecisionRefused) -> Maintenance {
        try await queue.run { [self] () async throws(DecisionRefused) in
            let ended = try await manager.state.maintenance(request)
            for entry in ended {
                try await persist(.maintenanceEnded(entry, at: services.time.now, why: "ended by \(request.by)"))
                await manager.decide { $0.remove(entry) }
            }
            log("maintenance ended", ended[0], by: request.by)
            return ended[0]
        }
    }

    /// Marks the open episodes of a monitor as being repaired, until they end.
    /// - Returns: the episodes that were acknowledged.
    package func acknowledge(_ request: AcknowledgeRequest) async throws(DecisionRefused) -> [Episode] {
        try await queue.run { [self] () async throws(DecisionRefused) in
            var acknowledged: [Episode] = []
            for episode in try await manager.state.acknowledged(request, among: await manager.statuses) {
                try await persist(.episode(episode))
                // The episode may have ended while the acknowledgement was written: then there is nothing left to acknowledge.
                if let episode = await manager.acknowledge(episode) { acknowledged.append(episode) }
            }
            await manager.decide { _ in }
            log("acknowledged", ["monitor": "\(request.monitor)", "by": "\(request.by)"])
            return acknowledged
        }
    }

    private func persist(_ entry: JournalEntry) async throws(DecisionRefused) {
        do throws(JournalError) { try await services.journal.persist(entry) } catch {
            throw DecisionRefused(.notKept, "the change can't be saved and was not made: \(error.description)")
        }
    }

    private func log(_ what: String, _ maintenance: Maintenance, by: String) {
        log(what, ["component": "\(maintenance.component)", "server": "\(maintenance.server)", "by": "\(by)"])
    }

    private func log(_ what: String, _ metadata: Logger.Metadata) { services.logger.notice("\(what)", metadata: metadata) }

    // MARK: Reload and restart

    /// Reads configuration and definitions again; results and decisions of unchanged definitions are kept.
    /// - Throws: `ConfigurationRefused`; the previous plan then stays in use, and the agent's facts report the errors.
    package func reload() async throws(ConfigurationRefused) {
        try await queue.run { [self] () async throws(ConfigurationRefused) in
            await manager.adopt(try await read(), keepsAbsences: true)
            let change = await manager.followRoster()
            services.logger.info(
                "configuration reloaded",
                metadata: ["probes": "\(change.all)", "new": "\(change.added)", "gone": "\(change.removed)"])
        }
    }

    /// Reads the configuration again, clears every cache, and runs every probe again.
    /// - Throws: `ConfigurationRefused`; the caches are then not cleared.
    package func restart() async throws(ConfigurationRefused) {
        try await queue.run { [self] () async throws(ConfigurationRefused) in
            await manager.adopt(try await read(), keepsAbsences: false)
            // Kinds' caches are cleared first, so that no run of the new generation uses old entries. Until then, runs belong to the old
            // generation.
            await services.kinds.clearCaches()
            let count = await manager.clear()
            services.logger.info("caches cleared", metadata: ["probes": "\(count)"])
        }
    }

    /// The plan as the files have it now, with its target lists watched.
    private func read() async throws(ConfigurationRefused) -> Plan {
        do throws(ConfigurationRefused) {
            let plan = try services.readPlan().keeping(await manager.state.plan.definitions)
            services.targets.watch(plan)
            return plan
        } catch {
            await manager.refuse(error)
            services.logger.error("configuration is invalid, keeping the previous one", metadata: ["problems": "\(error.description)"])
            throw error
        }
    }
}
